//! A small http state backend as OpenTofu's `http` backend speaks to it: GET, POST with
//! `?ID=`, LOCK and UNLOCK, Basic authentication.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::any,
};
use base64::Engine as _;
use domain::ports::StateBackend;
use serde_json::Value;

pub(crate) const USER: &str = "run-1";
pub(crate) const PASSWORD: &str = "s3cret-run-token";

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) lock: Option<Value>,
    /// So many of the next saves fail with 503.
    pub(crate) failing_saves: u32,
    /// So many of the next saves are refused for good, with 400.
    pub(crate) refused_saves: u32,
    /// So many of the next releases of the lock are refused for good.
    pub(crate) refused_unlocks: u32,
    pub(crate) saves: u32,
}

#[derive(Clone, Default)]
pub(crate) struct Backend {
    pub(crate) held: Arc<Mutex<Held>>,
}

impl Backend {
    /// Starts one of its own for the test.
    pub(crate) async fn start() -> (Self, StateBackend) {
        let backend = Self::default();
        let router = Router::new()
            .route("/state", any(answer))
            .with_state(backend.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = format!("http://{}/state", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let credentials = StateBackend {
            address,
            username: USER.to_owned(),
            password: PASSWORD.to_owned(),
        };
        (backend, credentials)
    }

    pub(crate) fn locked(&self) -> bool {
        self.held.lock().unwrap().lock.is_some()
    }

    /// Types and keys of the resources in the state.
    pub(crate) fn resources(&self) -> Vec<Value> {
        let held = self.held.lock().unwrap();
        let Some(state) = &held.state else {
            return Vec::new();
        };
        let state: Value = serde_json::from_slice(state).unwrap();
        state["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|resource| {
                resource["instances"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
            })
            .collect()
    }
}

async fn answer(
    State(backend): State<Backend>,
    method: Method,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let wanted = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if given != Some(&format!("Basic {wanted}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut held = backend.held.lock().unwrap();
    match method.as_str() {
        "GET" => match &held.state {
            Some(state) => state.clone().into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        "POST" => {
            if held.failing_saves > 0 {
                held.failing_saves -= 1;
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            if held.refused_saves > 0 {
                held.refused_saves -= 1;
                return StatusCode::BAD_REQUEST.into_response();
            }
            let holder = held.lock.as_ref().and_then(|lock| lock["ID"].as_str());
            if holder.is_none() || holder != query.get("ID").map(String::as_str) {
                return StatusCode::LOCKED.into_response();
            }
            held.state = Some(body.to_vec());
            held.saves += 1;
            StatusCode::OK.into_response()
        }
        "LOCK" => match &held.lock {
            Some(lock) => (StatusCode::LOCKED, lock.to_string()).into_response(),
            None => {
                held.lock = Some(serde_json::from_slice(&body).unwrap());
                StatusCode::OK.into_response()
            }
        },
        "UNLOCK" if held.refused_unlocks > 0 => {
            held.refused_unlocks -= 1;
            StatusCode::BAD_REQUEST.into_response()
        }
        "UNLOCK" => {
            held.lock = None;
            StatusCode::OK.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}
