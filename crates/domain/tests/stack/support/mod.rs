//! A stack service with a database of its own for each test, and helpers.

mod engine;
mod place;
mod runner;
mod world;

use std::{future::Future, time::Duration};

pub(crate) use engine::{BAD, FakeEngine, FakeKits, yaml};
pub(crate) use place::Place;
pub(crate) use runner::{FakeRunner, Misbehave, StateFile};
pub(crate) use world::{IDENTITY_PROVIDER, World, WorldOptions, bearer, tenant_id};

/// Makes of each function `async fn name(world: &World)` a test on each backend.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let world = $crate::support::World::sqlite().await;
                super::$name(&world).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(world) = $crate::support::World::postgres().await {
                    super::$name(&world).await;
                }
            })+
        }
    };
}

/// Waits until a condition holds, at most 90 seconds.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let found = tokio::time::timeout(Duration::from_secs(90), async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    match found.await {
        Ok(found) => found,
        Err(_) => panic!("waited 90 s for: {what}"),
    }
}
