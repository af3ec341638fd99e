//! The idea in one picture: rehearsed on simulated nodes, live on real ones, by
//! the same plan.

use leptos::prelude::*;

/// A node of the picture: left edge, top edge, name, address, role.
type Node = (i32, i32, &'static str, &'static str, &'static str);

const SIMULATED: [Node; 3] = [
    (10, 70, "nuc-1", "172.30.4.11", "manager"),
    (366, 70, "nuc-2", "172.30.4.12", "manager"),
    (188, 170, "nas", "172.30.4.20", "storage"),
];

const REAL: [Node; 3] = [
    (10, 400, "nuc-1", "10.20.0.11", "manager"),
    (366, 400, "nuc-2", "10.20.0.12", "manager"),
    (188, 500, "nas", "10.20.0.20", "storage"),
];

fn node(at: Node, class: &'static str) -> AnyView {
    let (x, y, name, address, role) = at;
    view! {
        <rect class=class x=x y=y width="124" height="60" rx="9" />
        <circle class="fill-success" cx=x + 16 cy=y + 17 r="4" />
        <text x=x + 26 y=y + 22 class="font-medium">{name}</text>
        <text class="picture-mono" x=x + 16 y=y + 38>{address}</text>
        <text class="picture-small" x=x + 16 y=y + 52>{role}</text>
    }
    .into_any()
}

/// The picture.
pub(super) fn picture() -> AnyView {
    let simulated: Vec<_> = SIMULATED
        .into_iter()
        .map(|at| node(at, "picture-simulated"))
        .collect();
    let real: Vec<_> = REAL
        .into_iter()
        .map(|at| node(at, "picture-real"))
        .collect();
    let label =
        "Three simulated nodes above and the same three real nodes below, joined by one plan.";
    view! {
        <svg class="picture" viewBox="0 0 500 640" role="img" aria-label=label>
            <line class="picture-line" x1="250" y1="40" x2="250" y2="600" />
            <path class="picture-line" fill="none" d="M72 130v70h116M428 130v70h-116M72 460v70h116M428 460v70h-116" />
            <text x="250" y="26" text-anchor="middle" class="picture-sim-text font-medium">"rehearsed, 23 of 23 checks"</text>
            {simulated}
            <rect class="picture-plan" x="158" y="290" width="184" height="40" rx="20" />
            <text x="250" y="315" text-anchor="middle" class="picture-plan-text font-medium">"same plan 9f2c41d7"</text>
            {real}
            <text x="250" y="626" text-anchor="middle" class="picture-real-text font-medium">"live since 09:37"</text>
        </svg>
    }
    .into_any()
}
