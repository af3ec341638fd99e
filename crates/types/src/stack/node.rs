//! Nodes as they are shown.

use serde::{Deserialize, Serialize};

use crate::{NodeId, StackId, Timestamp, string_enum::string_enum};

string_enum! {
    /// What a node is.
    NodeType { Vps = "vps", Local = "local" }
}

string_enum! {
    /// What was last observed of a node.
    NodeStatus { Online = "online", Offline = "offline", Error = "error",
        /// No agent has ever reported: nothing is known.
        Unknown = "unknown",
    }
}

/// A node of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeView {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// The stack it belongs to.
    pub stack: StackId,
    /// That stack's name.
    pub stack_name: String,
    /// Its address.
    pub address: String,
    /// Its role in the stack.
    pub role: String,
    /// What it is.
    pub kind: NodeType,
    /// Processors, as specified.
    pub cpu: u32,
    /// Memory in MiB, as specified.
    pub memory_mib: u32,
    /// What was last observed.
    pub status: NodeStatus,
    /// When it was last observed, if ever.
    pub last_seen: Option<Timestamp>,
    /// When its configuration was last rendered by an apply, if ever.
    pub configured_at: Option<Timestamp>,
}
