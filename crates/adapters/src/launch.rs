//! The hand-over's back channel: a stack instance redeems a launch code at the portal.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Error, Result, ports::LaunchRedeemer};
use serde::{Deserialize, Serialize};
use types::ErrorCode;

/// Where the portal redeems codes, below its address.
pub const REDEEM_PATH: &str = "/api/internal/launch/redeem";

const TIMEOUT: Duration = Duration::from_secs(10);
/// An assertion has about one kilobyte.
const LARGEST_ANSWER: u64 = 64 * 1024;

/// Redeems codes at a portal over HTTP.
#[derive(Clone, Debug)]
pub struct HttpLaunchRedeemer {
    http: reqwest::Client,
    endpoint: String,
    client: String,
}

#[derive(Serialize)]
struct Request<'a> {
    code: &'a str,
    code_verifier: &'a str,
    redirect_uri: &'a str,
    client: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    assertion: String,
}

impl HttpLaunchRedeemer {
    /// A redeemer for the instance of this name at the portal with this internal address.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(portal: &str, instance: impl Into<String>) -> Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|error| Error::internal("make an HTTP client", error))?;
        Ok(Self {
            http,
            endpoint: format!("{}{REDEEM_PATH}", portal.trim_end_matches('/')),
            client: instance.into(),
        })
    }
}

#[async_trait]
impl LaunchRedeemer for HttpLaunchRedeemer {
    async fn redeem(&self, code: &str, verifier: &str, redirect_uri: &str) -> Result<String> {
        let request = Request {
            code,
            code_verifier: verifier,
            redirect_uri,
            client: &self.client,
        };
        let answer = self
            .http
            .post(&self.endpoint)
            .json(&request)
            .send()
            .await
            .map_err(unreachable)?;
        if answer.status().is_client_error() {
            return Err(Error::refused(
                ErrorCode::HandOver,
                "The portal refused the launch: the code was used before, is older than 60 seconds, or was made for something else. Launch the homelab again.",
            ));
        }
        if !answer.status().is_success()
            || answer
                .content_length()
                .is_some_and(|length| length > LARGEST_ANSWER)
        {
            tracing::warn!(
                http.status = answer.status().as_u16(),
                "the portal did not redeem a launch code"
            );
            return Err(failed());
        }
        // The URL holds no secret, and the code was in the body.
        let Answer { assertion } = answer.json().await.map_err(unreachable)?;
        Ok(assertion)
    }
}

fn unreachable(error: reqwest::Error) -> Error {
    tracing::warn!(error = %error.without_url(), "the portal did not answer a launch code");
    failed()
}

fn failed() -> Error {
    Error::refused(
        ErrorCode::Upstream,
        "The portal does not answer, so the launch could not be completed. Try again in a moment.",
    )
}

#[cfg(test)]
mod tests {
    use domain::ports::LaunchRedeemer as _;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use types::ErrorCode;

    use super::HttpLaunchRedeemer;

    /// Serves one request with this answer; gives the address and, later, the request.
    async fn serve_once(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = Vec::new();
            // The body of the request is JSON and ends with a brace.
            while !request.ends_with(b"}") {
                let mut part = [0; 1024];
                let count = stream.read(&mut part).await.expect("a request");
                request.extend_from_slice(&part[..count]);
            }
            stream.write_all(answer.as_bytes()).await.expect("sent");
            String::from_utf8(request).expect("text")
        });
        (format!("http://{address}/"), served)
    }

    #[tokio::test]
    async fn a_code_is_redeemed_in_the_body_and_never_in_the_url() {
        let (address, served) = serve_once(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{\"assertion\":\"a\"}",
        )
        .await;
        let redeemer = HttpLaunchRedeemer::new(&address, "local").expect("a client");
        let assertion = redeemer
            .redeem("code-1", "verifier-1", "http://127.0.0.1/sso/callback")
            .await
            .expect("an assertion");
        assert_eq!(assertion, "a");
        let request = served.await.expect("served");
        let (head, body) = request.split_once("\r\n\r\n").expect("head and body");
        assert!(head.starts_with("POST /api/internal/launch/redeem HTTP/1.1"));
        assert!(!head.contains("code-1") && !head.contains("verifier-1"));
        let body: serde_json::Value = serde_json::from_str(body).expect("json");
        assert_eq!(
            body,
            serde_json::json!({
                "code": "code-1", "code_verifier": "verifier-1",
                "redirect_uri": "http://127.0.0.1/sso/callback", "client": "local",
            })
        );
    }

    #[tokio::test]
    async fn a_refusal_and_a_silent_portal_are_told_apart() {
        for (answer, code) in [
            (
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
                ErrorCode::HandOver,
            ),
            (
                "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
                ErrorCode::Upstream,
            ),
            (
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
                ErrorCode::Upstream,
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
                ErrorCode::Upstream,
            ),
        ] {
            let (address, served) = serve_once(answer).await;
            let redeemer = HttpLaunchRedeemer::new(&address, "local").expect("a client");
            let error = redeemer.redeem("c", "v", "r").await.expect_err("refused");
            assert_eq!(error.code(), code, "{answer}");
            served.await.expect("served");
        }
        let redeemer = HttpLaunchRedeemer::new("http://127.0.0.1:1", "local").expect("a client");
        let error = redeemer
            .redeem("c", "v", "r")
            .await
            .expect_err("nobody listens");
        assert_eq!(error.code(), ErrorCode::Upstream);
    }
}
