//! Sends spans to the collector on the runtime of the server: the exporter works on a
//! thread of its own, where an asynchronous HTTP client has nothing to run on.

use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// A collector that takes longer loses the batch; the server never waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct RuntimeClient {
    runtime: Handle,
    http: reqwest::Client,
}

impl RuntimeClient {
    /// A client on the runtime that this is called on.
    pub(super) fn new() -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            runtime: Handle::current(),
            http,
        })
    }
}

#[async_trait::async_trait]
impl HttpClient for RuntimeClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let request = reqwest::Request::try_from(request)?;
            let answer = http.execute(request).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = answer.headers().clone();
            }
            Ok::<_, HttpError>(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}
