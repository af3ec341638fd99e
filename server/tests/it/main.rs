//! The application through HTTP. Functions named `case_<n>_…` are the security cases of
//! docs/security.md.

mod assertion;
mod audit;
mod callback;
mod cross_site;
mod doors;
mod headers;
mod kept;
mod launch;
mod live;
mod member;
mod organisation;
mod place;
mod problem;
mod refresh;
mod session;
mod set_up;
mod sign_out;
mod support;
