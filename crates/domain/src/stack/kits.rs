//! The kits that stacks are made of.

use std::sync::Arc;

use types::stack::KitView;

use super::core::Core;
use crate::{Error, Result, ports::Kit};

/// The kits of this instance.
#[derive(Clone)]
pub struct Kits(pub(in crate::stack) Arc<Core>);

impl Kits {
    /// Every kit, by name. They are public: no place in a tenant is needed.
    ///
    /// # Errors
    /// None at the moment; a registry over the network will have some.
    pub async fn list(&self) -> Result<Vec<KitView>> {
        Ok(self
            .0
            .kits
            .list()
            .into_iter()
            .map(|(_, view)| view)
            .collect())
    }

    /// One kit.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn get(&self, name: &str) -> Result<KitView> {
        self.0
            .kits
            .get(name)
            .map(|(_, view)| view)
            .ok_or_else(|| Error::not_found("kit"))
    }
}

impl Core {
    /// The kit of a stack.
    ///
    /// # Errors
    /// `kit_invalid` when it is not in the registry any more.
    pub(in crate::stack) fn kit(&self, name: &str) -> Result<(Kit, KitView)> {
        self.kits.get(name).ok_or_else(|| {
            Error::refused(
                types::ErrorCode::KitInvalid,
                format!(
                    "The kit {name} is not in the registry. Ask your operator to add it again."
                ),
            )
        })
    }
}
