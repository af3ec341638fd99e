//! How states are called in front of people, and the tone that goes with each.

use types::{
    admin::{ComponentStatus, DeploymentMode, HealthStatus, InstanceStatus, ProvisionerKind},
    jobs::JobState,
    portal::{Role, Scope, StepState, SubscriptionStatus},
    stack::{
        ChangeAction, ChangeSummary, FitLevel, NodeStatus, ResourceState, RunKind, RunState,
        StackBrief, StackStatus, StackStepState,
    },
};

use super::pill::{
    Tone::{Bad, Good, Idle, Simulated, Wait, Work},
    Word,
};

pub(crate) const fn health(status: HealthStatus) -> Word {
    match status {
        HealthStatus::Healthy => Word(Good, "Healthy"),
        HealthStatus::Degraded => Word(Wait, "Degraded"),
        HealthStatus::Unhealthy => Word(Bad, "Unhealthy"),
        HealthStatus::Unknown => Word(Idle, "Unknown"),
    }
}

pub(crate) const fn component(status: ComponentStatus) -> Word {
    match status {
        ComponentStatus::Ok => Word(Good, "OK"),
        ComponentStatus::Error => Word(Bad, "Error"),
        ComponentStatus::Timeout => Word(Wait, "No answer"),
    }
}

pub(crate) const fn instance(status: InstanceStatus) -> Word {
    match status {
        InstanceStatus::Provisioning => Word(Work, "Provisioning"),
        InstanceStatus::Active => Word(Good, "Active"),
        InstanceStatus::Suspended => Word(Idle, "Suspended"),
        InstanceStatus::Decommissioning => Word(Wait, "Decommissioning"),
    }
}

pub(crate) const fn mode(mode: DeploymentMode) -> &'static str {
    match mode {
        DeploymentMode::Shared => "shared",
        DeploymentMode::Dedicated => "dedicated",
    }
}

pub(crate) const fn provisioner(kind: ProvisionerKind) -> &'static str {
    match kind {
        ProvisionerKind::Local => "Local",
    }
}

pub(crate) const fn subscription(status: SubscriptionStatus) -> Word {
    match status {
        SubscriptionStatus::Active => Word(Good, "Active"),
        SubscriptionStatus::PastDue => Word(Wait, "Past due"),
        SubscriptionStatus::Cancelled => Word(Bad, "Cancelled"),
    }
}

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Member => "member",
        Role::Admin => "admin",
    }
}

/// What a role may do, in one sentence.
pub(crate) const fn role_meaning(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Reads everything, changes nothing.",
        Role::Member => "Edits specifications and makes plans.",
        Role::Admin => "Approves, invites and destroys as well.",
    }
}

/// What a scope allows, in one sentence.
pub(crate) const fn scope_meaning(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Read what you may read.",
        Scope::Write => "Change stacks and start runs.",
        Scope::Approve => "Approve, cancel and destroy.",
    }
}

pub(crate) const fn job(state: JobState) -> Word {
    match state {
        JobState::Queued => Word(Idle, "Queued"),
        JobState::Running => Word(Work, "Running"),
        JobState::Succeeded => Word(Good, "Succeeded"),
        JobState::Failed => Word(Bad, "Failed"),
        JobState::Cancelled => Word(Idle, "Cancelled"),
        JobState::Dead => Word(Bad, "Dead, attempts used up"),
    }
}

pub(crate) const fn node(status: NodeStatus) -> Word {
    match status {
        NodeStatus::Online => Word(Good, "Online"),
        NodeStatus::Offline => Word(Bad, "Offline"),
        NodeStatus::Error => Word(Bad, "Error"),
        NodeStatus::Unknown => Word(Idle, "No agent yet"),
    }
}

pub(crate) const fn stack(status: StackStatus) -> Word {
    match status {
        StackStatus::Draft => Word(Idle, "Draft"),
        StackStatus::Active => Word(Good, "Live"),
        StackStatus::Error => Word(Bad, "Failed"),
    }
}

/// A stack as its list and its head call it: what happens with it now says more than
/// where it stands.
pub(crate) fn stack_now(stack: &StackBrief) -> Word {
    let run_state = stack.latest_run.as_ref().map(|run| run.state);
    match run_state {
        Some(RunState::Waiting) => Word(Wait, "Waits for approval"),
        Some(state) if !state.ended() => run(state),
        _ if stack.status == StackStatus::Draft
            && stack
                .steps
                .iter()
                .any(|step| step.state == StackStepState::Bad) =>
        {
            Word(Bad, "Has problems")
        }
        _ => self::stack(stack.status),
    }
}

/// An event of the audit log, from its code: `member.role_changed` is `Member role changed`.
pub(crate) fn event(code: &str) -> String {
    let text = code.replace(['.', '_'], " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// What a plan changes, in a sentence: `7 resources are added, 1 is destroyed.`
pub(crate) fn changes(sum: ChangeSummary) -> String {
    let parts: Vec<_> = [
        (sum.add, "added"),
        (sum.change, "changed"),
        (sum.destroy, "destroyed"),
    ]
    .into_iter()
    .filter(|(many, _)| *many > 0)
    .enumerate()
    .map(|(at, (many, done))| match (at, many) {
        (0, 1) => format!("1 resource is {done}"),
        (0, many) => format!("{many} resources are {done}"),
        (_, 1) => format!("1 is {done}"),
        (_, many) => format!("{many} are {done}"),
    })
    .collect();
    if parts.is_empty() {
        "Nothing changes.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

pub(crate) const fn run(state: RunState) -> Word {
    match state {
        RunState::Queued => Word(Idle, "Queued"),
        RunState::Planning => Word(Work, "Planning"),
        RunState::Unchanged => Word(Good, "No change"),
        RunState::Waiting => Word(Wait, "Waiting"),
        RunState::Approved => Word(Work, "Approved"),
        RunState::Applying => Word(Work, "Applying"),
        RunState::Applied => Word(Good, "Applied"),
        RunState::Failed => Word(Bad, "Failed"),
        RunState::Cancelled => Word(Idle, "Cancelled"),
        RunState::Discarded => Word(Idle, "Discarded"),
        RunState::Stale => Word(Wait, "Stale"),
        RunState::NeedsReconcile => Word(Bad, "Cut off"),
    }
}

pub(crate) const fn run_kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Apply => "Apply",
        RunKind::Destroy => "Destroy",
    }
}

pub(crate) const fn resource(state: ResourceState, action: ChangeAction) -> Word {
    match (state, action) {
        (ResourceState::Queued, _) => Word(Idle, "Queued"),
        (ResourceState::Running, ChangeAction::Create) => Word(Work, "Creating"),
        (ResourceState::Running, ChangeAction::Update) => Word(Work, "Changing"),
        (ResourceState::Running, ChangeAction::Replace) => Word(Work, "Replacing"),
        (ResourceState::Running, ChangeAction::Delete) => Word(Work, "Destroying"),
        (ResourceState::Running, _) => Word(Work, "Reading"),
        (ResourceState::Done, _) => Word(Good, "Done"),
        (ResourceState::Failed, _) => Word(Bad, "Failed"),
        (ResourceState::Broken, _) => Word(Idle, "Broken off"),
    }
}

/// The sign, the ink and the word of a change.
pub(crate) const fn change(action: ChangeAction) -> (&'static str, &'static str, &'static str) {
    match action {
        ChangeAction::Create => ("+", "text-ink-good", "add"),
        ChangeAction::Update => ("~", "text-ink-wait", "change"),
        ChangeAction::Replace => ("±", "text-ink-wait", "replace"),
        ChangeAction::Delete => ("−", "text-ink-bad", "destroy"),
        ChangeAction::Read => ("›", "text-muted", "read"),
        ChangeAction::NoOp => ("·", "text-muted", "keep"),
    }
}

/// The tone of one of a stack's five steps.
pub(crate) const fn stack_step(state: StackStepState) -> super::pill::Tone {
    match state {
        StackStepState::Empty => Idle,
        StackStepState::Good => Good,
        StackStepState::Rehearsed => Simulated,
        StackStepState::Waiting => Wait,
        StackStepState::Working => Work,
        StackStepState::Bad => Bad,
    }
}

/// The tone of a step of a run or a launch.
pub(crate) const fn step(state: StepState) -> super::pill::Tone {
    match state {
        StepState::Pending => Idle,
        StepState::Running => Work,
        StepState::Done => Good,
        StepState::Failed => Bad,
    }
}

/// The tone of a row of `Will it fit?`; a value that fits has the bar's own colour.
pub(crate) const fn fit(level: FitLevel) -> Option<super::pill::Tone> {
    match level {
        FitLevel::Fits => None,
        FitLevel::Tight => Some(Wait),
        FitLevel::Exceeds => Some(Bad),
    }
}

/// A time of answering, in milliseconds: `< 1 ms`, `12 ms`.
pub(crate) fn latency(milliseconds: f64) -> String {
    if milliseconds < 1.0 {
        "< 1 ms".to_owned()
    } else {
        format!("{milliseconds:.0} ms")
    }
}

/// A duration as a person says it: `12 ms`, `2.8 s`, `3 min 4 s`.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        i64::MIN..=999 => format!("{} ms", milliseconds.max(0)),
        1_000..=9_999 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        10_000..=59_999 => format!("{} s", milliseconds / 1_000),
        60_000..=3_599_999 => {
            format!(
                "{} min {} s",
                milliseconds / 60_000,
                milliseconds % 60_000 / 1_000
            )
        }
        _ => format!(
            "{} h {} min",
            milliseconds / 3_600_000,
            milliseconds % 3_600_000 / 60_000
        ),
    }
}

/// A count with its noun: `1 node`, `4 nodes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Memory in the units people use: `512 MiB`, `16 GiB`.
pub(crate) fn memory(mib: u32) -> String {
    if mib >= 1024 && mib.is_multiple_of(1024) {
        format!("{} GiB", mib / 1024)
    } else if mib >= 1024 {
        format!("{}.{} GiB", mib / 1024, mib % 1024 * 10 / 1024)
    } else {
        format!("{mib} MiB")
    }
}

/// Initials of a name, at most two.
pub(crate) fn initials(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric())
        .filter_map(|part| part.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use types::stack::ChangeSummary;

    use super::{changes, count, duration, event, initials, memory};

    #[test]
    fn numbers_read_as_a_person_says_them() {
        assert_eq!(
            [12, 2_849, 41_000, 184_000, 7_260_000].map(duration),
            ["12 ms", "2.8 s", "41 s", "3 min 4 s", "2 h 1 min"]
        );
        assert_eq!(
            [512, 1536, 16_384].map(memory),
            ["512 MiB", "1.5 GiB", "16 GiB"]
        );
        assert_eq!([count(1, "node"), count(4, "node")], ["1 node", "4 nodes"]);
        let sums = [(0, 0, 0), (1, 0, 0), (7, 2, 1), (0, 0, 3)];
        assert_eq!(
            sums.map(|(add, change, destroy)| changes(ChangeSummary {
                add,
                change,
                destroy
            })),
            [
                "Nothing changes.",
                "1 resource is added.",
                "7 resources are added, 2 are changed, 1 is destroyed.",
                "3 resources are destroyed."
            ]
        );
        assert_eq!(
            ["member.role_changed", "run.approved", ""].map(event),
            ["Member role changed", "Run approved", ""]
        );
        assert_eq!(
            [
                initials("Robin Winter"),
                initials("nordhaus-lab"),
                initials("…")
            ],
            ["RW", "NL", ""]
        );
    }
}
