//! Saves a state that OpenTofu could not save: the control plane was away for longer than
//! OpenTofu tries.
//!
//! It speaks the protocol of OpenTofu's http backend itself: `tofu state push` cannot write
//! below the lock that the failed apply may have left, and the backend accepts only who
//! names that lock.

use std::time::Duration;

use domain::ports::StateBackend;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// How long to wait before each attempt, in seconds.
const ATTEMPTS: [u64; 6] = [0, 2, 5, 10, 20, 40];
/// The lock's name when the failed apply has left none.
const LOCK: &str = "kombify-rescue";

/// Saves a state; answers why it could not be.
pub(super) async fn save(backend: &StateBackend, state: &[u8]) -> Result<(), String> {
    let client = Client::builder()
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())?;
    let mut why = String::new();
    for wait in ATTEMPTS {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        match attempt(&client, backend, state).await {
            Ok(()) => return Ok(()),
            Err(Refused::ForGood(error)) => return Err(error),
            Err(Refused::ForNow(error)) => why = error,
        }
    }
    Err(why)
}

/// Why an attempt did not save it.
enum Refused {
    /// Another one may.
    ForNow(String),
    /// The run is not this one's any more.
    ForGood(String),
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self::ForNow(why)
    }
}

async fn attempt(client: &Client, backend: &StateBackend, state: &[u8]) -> Result<(), Refused> {
    let ask = async |method: &[u8], id: Option<&str>, body: Vec<u8>| {
        let method = Method::from_bytes(method).map_err(|error| error.to_string())?;
        let mut request = client
            .request(method, &backend.address)
            .basic_auth(&backend.username, Some(&backend.password))
            .header("content-type", "application/json")
            .body(body);
        if let Some(id) = id {
            request = request.query(&[("ID", id)]);
        }
        let answer = request.send().await;
        answer.map_err(|error| error.without_url().to_string())
    };
    let ours = json!({ "ID": LOCK, "Operation": "rescue", "Who": "kombify" });
    let answer = ask(b"LOCK", None, ours.to_string().into_bytes()).await?;
    let lock = match answer.status() {
        StatusCode::OK => ours,
        // What the apply has left: the backend says its name to those who are refused.
        StatusCode::LOCKED => answer
            .json::<Value>()
            .await
            .map_err(|error| error.to_string())?,
        _ => return Err(refusal("lock", &answer)),
    };
    let id = lock["ID"]
        .as_str()
        .ok_or_else(|| "the lock has no name".to_owned())?
        .to_owned();
    let saved = ask(b"POST", Some(&id), state.to_vec()).await?;
    if !saved.status().is_success() {
        return Err(refusal("save", &saved));
    }
    let released = ask(b"UNLOCK", None, lock.to_string().into_bytes()).await?;
    if !released.status().is_success() {
        tracing::warn!(status = %released.status(), "the lock of a rescued state was not released");
    }
    Ok(())
}

fn refusal(doing: &str, answer: &Response) -> Refused {
    let status = answer.status();
    let why = format!("the backend refused to {doing} it: {status}");
    if status == StatusCode::UNAUTHORIZED {
        Refused::ForGood(why)
    } else {
        Refused::ForNow(why)
    }
}
