/** Next.js as it comes, for production; compression off, as for kombify in this measurement. */
export default { compress: false, poweredByHeader: false, serverExternalPackages: ["better-sqlite3"] };
