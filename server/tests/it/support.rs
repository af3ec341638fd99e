//! The whole application on a free port of this machine, with its own data folder.

use std::net::SocketAddr;

use domain::env::Env;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use server::{
    compose,
    config::{Overrides, load},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A running application.
pub(crate) struct TestApp {
    pub(crate) address: String,
    pub(crate) client: Client,
    _data: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let values = vec![
            ("server.mode", "development".to_owned()),
            ("server.port", port.to_string()),
            ("data.dir", data.path().display().to_string()),
            ("security.sign_ins_per_minute", "1000".to_owned()),
        ];
        let settings = load(&Overrides { file: None, values }).expect("valid settings");
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let application = compose::build(&settings, Env::system(), metrics)
            .await
            .expect("an application");
        let service = application
            .router
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = Client::builder()
            .redirect(Policy::none())
            .build()
            .expect("a client");
        Self {
            address: format!("http://127.0.0.1:{port}"),
            client,
            _data: data,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str, cookies: &str) -> Response {
        self.request(Method::GET, path)
            .header(header::COOKIE, cookies)
            .send()
            .await
            .expect("an answer")
    }

    /// Starts a sign-in: the browser's cookie and the provider's redirect with the code.
    pub(crate) async fn begin(&self, account: &str, return_to: &str) -> (String, String) {
        let start = self
            .get(&format!("/auth/sign-in?return_to={return_to}"), "")
            .await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER);
        let transaction = cookie(&start, "kombify-sign-in");
        let authorize = location(&start);
        let chosen = self
            .client
            .get(format!("{authorize}&prompt=none&login_hint={account}"))
            .send()
            .await
            .expect("the development issuer");
        let callback = location(&chosen);
        let path = callback
            .strip_prefix(&self.address)
            .expect("the callback is ours")
            .to_owned();
        (transaction, path)
    }

    /// Signs in; the session's cookie.
    pub(crate) async fn sign_in(&self, account: &str) -> String {
        let (transaction, callback) = self.begin(account, "/").await;
        let answer = self.get(&callback, &transaction).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie(&answer, "kombify")
    }
}

/// `name=value` of a cookie that the answer sets.
pub(crate) fn cookie(answer: &Response, name: &str) -> String {
    set_cookie(answer, name)
        .split(';')
        .next()
        .expect("a value")
        .to_owned()
}

/// The whole `Set-Cookie` of this name.
pub(crate) fn set_cookie(answer: &Response, name: &str) -> String {
    answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|value| value.starts_with(&format!("{name}=")))
        .unwrap_or_else(|| panic!("no cookie {name} in {:?}", answer.headers()))
        .to_owned()
}

pub(crate) fn location(answer: &Response) -> String {
    answer.headers()[header::LOCATION]
        .to_str()
        .expect("text")
        .to_owned()
}
