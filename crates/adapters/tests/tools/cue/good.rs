//! Specifications that pass.

use super::*;

#[tokio::test]
async fn a_good_specification_is_completed() {
    let checked = check(GOOD).await;
    assert!(checked.check.valid, "{:?}", checked.check.problems);
    assert_eq!((checked.check.nodes, checked.check.services), (2, 4));
    assert!(checked.check.took_ms > 0);
    let filled: Vec<_> = checked
        .check
        .filled
        .iter()
        .map(|one| format!("{}: {}", one.field, one.value))
        .collect();
    assert_eq!(
        filled,
        [
            "nodes[0].type: local",
            "nodes[1].type: local",
            "services.backup.keep: 7d 4w 6m",
            "services.backup.schedule: 0 3 * * *",
            "services.dns.node: nuc-1",
            "services.dns.upstream: quad9",
            "services.monitoring.node: nas",
            "services.proxy.http_port: 80",
            "services.proxy.https_port: 443",
            "services.proxy.node: nuc-1",
        ]
    );
    let fit: Vec<_> = checked
        .check
        .fit
        .iter()
        .map(|row| (row.label.as_str(), row.text.as_str(), row.level))
        .collect();
    assert_eq!(
        fit,
        [
            ("Memory on nuc-1", "0.94 of 16 GiB", FitLevel::Fits),
            ("CPU on nuc-1", "0.75 of 4", FitLevel::Fits),
            ("Memory on nas", "2.2 of 2 GiB", FitLevel::Exceeds),
            ("CPU on nas", "1.2 of 2", FitLevel::Fits),
            ("Ports", "no clash", FitLevel::Fits),
        ]
    );
    let unified = checked.unified.expect("it is valid");
    assert_eq!(unified.document["services"]["proxy"]["https_port"], 443);
    assert_eq!(
        unified.variables["nodes"]["nas"]["hostname"],
        "nas.nordhaus.lab"
    );
    let nas = &unified.nodes[1];
    assert_eq!(
        (
            nas.name.as_str(),
            nas.role.as_str(),
            nas.kind,
            nas.cpu,
            nas.memory_mib
        ),
        ("nas", "storage", NodeType::Local, 2, 2048)
    );
}

#[tokio::test]
async fn the_example_of_the_kit_is_valid() {
    let (_, example) = homelab();
    let checked = check(&example).await;
    assert!(checked.check.valid, "{:?}", checked.check.problems);
}
