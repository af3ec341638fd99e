//! Whose the sample data of development is: the development issuer's accounts.

use domain::{
    sample::{SampleOwner, make as make_sample},
    services::Services,
};
use types::portal::Role;

/// The members of the sample tenant, as the development issuer knows them.
const MEMBERS: &[(&str, &str, &str, Role)] = &[
    ("dev-owner", "Olga Owner", "owner@example.test", Role::Admin),
    (
        "dev-member",
        "Mika Member",
        "member@example.test",
        Role::Member,
    ),
    (
        "dev-viewer",
        "Vera Viewer",
        "viewer@example.test",
        Role::Viewer,
    ),
];

/// Makes the sample data unless it exists.
///
/// # Errors
/// What the services answer.
pub(crate) async fn make(
    services: &Services,
    issuer: &str,
    organisation: &str,
) -> domain::Result<()> {
    make_sample(
        services,
        SampleOwner {
            issuer,
            organisation,
            members: MEMBERS,
        },
    )
    .await
}
