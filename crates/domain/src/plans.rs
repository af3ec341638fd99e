//! The one plan definition: limits for tenants, simulations and the gateway.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use types::portal::Plan;

/// What one plan holds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct PlanLimits {
    /// Most members of a tenant.
    pub max_users: u32,
    /// Most nodes of a tenant.
    pub max_nodes: u32,
    /// Most simulations of a tenant.
    pub max_simulations: u32,
    /// Most nodes in one simulation.
    pub max_nodes_per_simulation: u32,
    /// Processors for all simulations of a tenant.
    pub simulation_cpus: u32,
    /// Memory for all simulations of a tenant, in GiB.
    pub simulation_memory_gib: u32,
    /// Most tenants of this plan that one person may make; no limit when it is not given.
    pub tenants_per_user: Option<u32>,
    /// Requests that the gateway lets through in a minute.
    pub requests_per_minute: u32,
}

/// All plans.
#[derive(Clone, Debug)]
pub struct Plans(Arc<BTreeMap<String, PlanLimits>>);

impl Plans {
    /// The plans that come with kombify.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse(include_str!("plans.toml")).expect("the embedded plans are valid")
    }

    /// Plans from an operator's file.
    ///
    /// # Errors
    /// A sentence with the line when the file is not valid or a plan is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plans: BTreeMap<String, PlanLimits> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        for plan in Plan::ALL {
            if !plans.contains_key(plan.word()) {
                return Err(format!("the plan {plan} is missing"));
            }
        }
        if let Some(other) = plans.keys().find(|name| name.parse::<Plan>().is_err()) {
            return Err(format!("\"{other}\" is not a plan"));
        }
        Ok(Self(Arc::new(plans)))
    }

    /// What a plan holds.
    #[must_use]
    pub fn limits(&self, plan: Plan) -> PlanLimits {
        self.0[plan.word()]
    }
}
