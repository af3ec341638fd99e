//! The pages, room by room, and the list of them that the navigation, the
//! palette and the keys share.

pub(crate) mod admin;
pub(crate) mod kits;
pub(crate) mod portal;
pub(crate) mod stack;

use types::portal::Role;

use crate::ui::icon::{IconData, lu};

/// A page that the navigation reaches.
pub(crate) struct Room {
    /// The heading it stands under.
    pub(crate) group: &'static str,
    /// Its name.
    pub(crate) title: &'static str,
    /// Its sign.
    pub(crate) sign: IconData,
    /// The letter after `g`.
    pub(crate) key: &'static str,
    /// Its address.
    pub(crate) href: String,
    /// Only the very address is this room, not what lies below it.
    pub(crate) exact: bool,
    /// Which of [`Counts`] stands beside it.
    pub(crate) count: Option<Counted>,
}

/// What is counted in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Stacks of the tenant.
    Stacks,
    /// Nodes of the tenant.
    Nodes,
}

fn room(
    group: &'static str,
    title: &'static str,
    sign: IconData,
    key: &'static str,
    href: String,
) -> Room {
    Room {
        group,
        title,
        sign,
        key,
        href,
        exact: false,
        count: None,
    }
}

/// The rooms of a tenant that somebody with this role may enter.
pub(crate) fn tenant_rooms(slug: &str, role: Role) -> Vec<Room> {
    let at = |path: &str| format!("/tenant/{slug}{path}");
    let mut rooms = vec![
        room("Homelab", "Overview", lu::LuLayoutDashboard, "o", at("")),
        room("Homelab", "Stacks", lu::LuLayers, "s", at("/stacks")),
        room("Homelab", "Nodes", lu::LuServer, "n", at("/nodes")),
        room("Homelab", "Runs", lu::LuPlay, "r", at("/runs")),
        room("Blueprints", "Kits", lu::LuBox, "k", at("/kits")),
        room("Settings", "Members", lu::LuUsers, "m", at("/members")),
        room("Settings", "Plan", lu::LuCreditCard, "p", at("/plan")),
        room(
            "Settings",
            "API tokens",
            lu::LuKeyRound,
            "t",
            format!("/account/tokens?tenant={slug}"),
        ),
    ];
    if role == Role::Admin {
        rooms.push(room(
            "Settings",
            "Audit log",
            lu::LuScrollText,
            "l",
            at("/audit"),
        ));
    }
    rooms[0].exact = true;
    rooms[1].count = Some(Counted::Stacks);
    rooms[2].count = Some(Counted::Nodes);
    rooms
}

/// The rooms of the admin centre.
pub(crate) fn admin_rooms() -> Vec<Room> {
    let mut rooms = vec![
        room(
            "Platform",
            "Overview",
            lu::LuGauge,
            "a",
            "/admin".to_owned(),
        ),
        room(
            "Platform",
            "Instances",
            lu::LuServerCog,
            "i",
            "/admin/instances".to_owned(),
        ),
        room(
            "Platform",
            "Jobs",
            lu::LuListChecks,
            "j",
            "/admin/jobs".to_owned(),
        ),
        room(
            "People",
            "Tenants",
            lu::LuBuilding2,
            "s",
            "/admin/tenants".to_owned(),
        ),
        room(
            "People",
            "Users",
            lu::LuUsers,
            "u",
            "/admin/users".to_owned(),
        ),
    ];
    rooms[0].exact = true;
    rooms
}

/// Every room that somebody reaches from where they are.
pub(crate) fn rooms_of(slug: &str, role: Role, operator: bool) -> Vec<Room> {
    let mut rooms = if slug.is_empty() {
        Vec::new()
    } else {
        tenant_rooms(slug, role)
    };
    if operator {
        rooms.extend(admin_rooms().into_iter().map(|room| Room {
            group: "admin centre",
            ..room
        }));
    }
    if slug.is_empty() {
        rooms.push(room("page", "Kits", lu::LuBox, "k", "/kits".to_owned()));
    }
    rooms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use types::portal::Role;

    use super::{admin_rooms, tenant_rooms};

    #[test]
    fn each_room_has_a_letter_of_its_own() {
        for rooms in [tenant_rooms("nordhaus", Role::Admin), admin_rooms()] {
            let keys: BTreeSet<_> = rooms.iter().map(|room| room.key).collect();
            assert_eq!(keys.len(), rooms.len());
        }
    }
}
