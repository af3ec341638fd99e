/** Next.js as it comes, for production; compression off, as for kombify in this measurement. */
export default { compress: false, poweredByHeader: false, turbopack: { root: import.meta.dirname }, outputFileTracingRoot: import.meta.dirname };
