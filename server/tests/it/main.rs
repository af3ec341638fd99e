//! The application through HTTP. Functions named `case_<n>_…` are the security cases of
//! docs/security.md.

mod api_token;
mod assertion;
mod audit;
mod callback;
mod cross_site;
mod doors;
mod headers;
mod instance;
mod kept;
mod kit;
mod launch;
mod live;
mod member;
mod operator;
mod organisation;
mod place;
mod placement;
mod problem;
mod refresh;
mod resume;
mod session;
mod set_up;
mod sign_out;
mod support;
