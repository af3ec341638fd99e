//! The real binary, what it stands on, and a person who uses it.

pub(crate) mod browser;
pub(crate) mod command;
pub(crate) mod fleet;
pub(crate) mod gate;
pub(crate) mod lab;
pub(crate) mod place;
pub(crate) mod server;

use std::{future::Future, time::Duration};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the condition gives something.
pub(crate) async fn eventually<T, Answer>(what: &str, mut condition: impl FnMut() -> Answer) -> T
where
    Answer: Future<Output = Option<T>>,
{
    let look = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .unwrap_or_else(|_| panic!("in vain waited for: {what}"))
}

/// Makes of each function `async fn name(place: Place)` a test on each kind of database.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::support::place::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(place) = $crate::support::place::Place::postgres().await {
                    super::$name(place).await;
                }
            })+
        }
    };
}
pub(crate) use on_both;
