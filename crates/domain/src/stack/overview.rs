//! The stack service's part of the overview page.

use types::{
    portal::{PlanUse, Role, Scope},
    stack::StackOverview,
};

use super::{StackService, nodes, runs, tenancy::TenantScope};
use crate::Result;

/// Most runs that the overview lists.
const RUNS: u64 = 6;

impl StackService {
    /// Stacks, latest runs, nodes and how much of the plan they use.
    ///
    /// # Errors
    /// `forbidden`; when the database fails.
    pub async fn overview(&self, scope: &TenantScope) -> Result<StackOverview> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.core.open(scope).await?;
        let moment = db.snapshot().await?;
        let stacks = self.core.briefs(&moment).await?;
        let names = stacks
            .iter()
            .map(|stack| (stack.id, stack.name.clone()))
            .collect();
        let nodes = nodes::all(&moment, &names).await?;
        let runs = runs::newest(&moment, &names, RUNS).await?;
        let used = runs::nodes_in_all(&moment).await?;
        moment.commit().await?;
        let usage = vec![PlanUse {
            label: "Nodes".to_owned(),
            used,
            limit: scope.max_nodes(),
        }];
        Ok(StackOverview {
            stacks,
            runs,
            nodes,
            usage,
            role: scope.role(),
            now: self.core.env.now(),
        })
    }
}
