//! How the provider is reached: no redirects, a bound on time and on size.

use std::{future::Future, net::IpAddr, pin::Pin, time::Duration};

use domain::{Error, Result};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http, url::Url};

/// The longest answer that is read, in bytes. Discovery documents and key sets are
/// a few kilobytes.
const LONGEST_ANSWER: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for one provider.
pub(super) struct Http {
    client: reqwest::Client,
}

/// Why a request got no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("{0}")]
    Build(#[from] http::Error),
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
}

impl Http {
    /// A client that reaches this issuer by https, or by http on this machine.
    ///
    /// # Errors
    /// `invalid` when the issuer is anything else.
    pub(super) fn new(issuer: &str, timeout: Duration) -> Result<Self> {
        let url = Url::parse(issuer).map_err(|_| {
            Error::invalid(
                "identity.issuer",
                "The issuer is no URL. Give the whole address, e.g. https://example.zitadel.cloud.",
            )
        })?;
        let is_local = url.host_str().is_some_and(is_loopback);
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return Err(Error::invalid(
                "identity.issuer",
                "The issuer has to begin with https://, because tokens travel from it. Only an issuer on this machine may do without.",
            ));
        }
        let builder = reqwest::Client::builder()
            .user_agent(concat!("kombify/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .https_only(url.scheme() == "https")
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout);
        let builder = if is_local {
            builder.no_proxy()
        } else {
            builder
        };
        let client = builder
            .build()
            .map_err(|error| Error::internal("make a client for the identity provider", error))?;
        Ok(Self { client })
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.client.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(part) = answer.chunk().await? {
                if body.len() + part.len() > LONGEST_ANSWER {
                    return Err(HttpError::TooLong);
                }
                body.extend_from_slice(&part);
            }
            Ok(response.body(body)?)
        })
    }
}
