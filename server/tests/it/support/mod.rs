//! The whole application on a free port of this machine, with its own data folder.

mod app;
mod browser;
mod homelab;

use std::time::Duration;

use reqwest::{Response, header};
use serde_json::Value;

pub(crate) use self::{
    app::{OPERATORS, Setup, TestApp},
    browser::Browser,
    homelab::Homelab,
};

/// Makes of each function `async fn name(setup: Setup)` a test on each database.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::support::Setup::default()).await;
            })+
        }
        $crate::support::on_postgres!($($name),+);
    };
}
pub(crate) use on_both;

/// Makes of each such function a test on PostgreSQL.
macro_rules! on_postgres {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(database) = test_support::postgres::Database::create().await else {
                    return;
                };
                let setup = $crate::support::Setup::default().with("database.url", &database.url());
                super::$name(setup).await;
            })+
        }
    };
}
pub(crate) use on_postgres;

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .is_err()
    {
        panic!("waited a minute for: {what}");
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

/// Path and query of an address.
pub(crate) fn path_of(address: &str) -> String {
    let Some((_, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    rest.find('/')
        .map_or_else(|| "/".to_owned(), |slash| rest[slash..].to_owned())
}

/// A parameter of an address' query, as it stands there.
pub(crate) fn parameter(address: &str, name: &str) -> String {
    address
        .split(['?', '&'])
        .skip(1)
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("no {name} in {address}"))
        .to_owned()
}

/// The code of a problem; the answer must be one.
pub(crate) async fn code(answer: Response) -> String {
    let problem = json(answer).await;
    let code = problem["code"].as_str();
    code.unwrap_or_else(|| panic!("no problem: {problem}"))
        .to_owned()
}

pub(crate) async fn json(answer: Response) -> Value {
    let address = answer.url().clone();
    let text = answer.text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{address} answered no JSON: {text}"))
}
