//! What a person gets wrong.

use super::*;

#[tokio::test]
async fn each_mistake_is_told_at_its_field_and_line() {
    let cases = [
        (
            "address: 10.20.0.20",
            "address: 10.20.0.300",
            "nodes[1].address 9:14 10.20.0.300 is not an IPv4 address. [base/node.cue]",
        ),
        (
            "name: nas",
            "name: NAS",
            "nodes[1].name 8:11 NAS is not a name: use lower-case letters, digits and hyphens, at most 32, beginning with a letter. [base/validation.cue]",
        ),
        (
            "name: nuc-1",
            "name: nas",
            "nodes[1].name 8:11 nas is the name of another node already. [base/validation.cue]",
        ),
        (
            "10.20.0.20",
            "10.20.0.11",
            "nodes[1].address 9:14 10.20.0.11 is the address of another node already. [base/validation.cue]",
        ),
        (
            "role: storage",
            "role: storge",
            "nodes[1].role 10:11 storge is not a role: write manager, storage, dns, edge or worker. Did you mean storage? [base/node.cue]",
        ),
        (
            "    role: storage\n",
            "",
            "nodes[1].role 8:5 role is missing. [base/node.cue]",
        ),
        (
            "domain: nordhaus.lab\n",
            "",
            "domain - domain is missing. [base/stackkit.cue]",
        ),
        (
            "domain: nordhaus.lab",
            "domain: 3",
            "domain 2:9 3 is not a domain: write it as home.lab. [base/validation.cue]",
        ),
        (
            "kit: base-homelab",
            "kit: base-homelab@2.0.0",
            "kit 1:6 base-homelab@2.0.0 is not this stack's kit: write base-homelab or base-homelab@1.0.0. Did you mean base-homelab@1.0.0? [kits/base-homelab/stackfile.cue]",
        ),
        (
            "cpu: 4",
            "cpu: four",
            "nodes[0].resources.cpu 7:23 four is not a number of processors: write a whole number from 1 to 256. [base/node.cue]",
        ),
        (
            "cpu: 4",
            "cpu: 1.5",
            "nodes[0].resources.cpu 7:23 1.5 is not a number of processors: write a whole number from 1 to 256. [base/node.cue]",
        ),
        (
            "cpu: 4",
            "cpu: 257",
            "nodes[0].resources.cpu 7:23 257 is not a number of processors: write a whole number from 1 to 256. [base/node.cue]",
        ),
        (
            "memory: 16GiB",
            "memory: 16GB",
            "nodes[0].resources.memory 7:34 16GB is not an amount of memory: write it as 16GiB or 512MiB. Did you mean 16GiB? [base/node.cue]",
        ),
        (
            "memory: 16GiB",
            "memory: 64MiB",
            "nodes[0].resources.memory 7:34 64MiB is too little memory: a node needs at least 256MiB. [base/validation.cue]",
        ),
        (
            "role: storage",
            "role: storage\n    type: cloud",
            "nodes[1].type 11:11 cloud is not a type of node: write local or vps. [base/node.cue]",
        ),
        (
            "retention: 30d",
            "retenion: 30d",
            "services.monitoring.retenion 15:17 There is no field retenion here. Did you mean retention? [-]",
        ),
        (
            "monitoring:",
            "watching:",
            "services.watching 15:3 There is no field watching here. There are backup, dns, home_automation, media, monitoring, proxy. [-]",
        ),
        (
            "hagezi-pro",
            "hagezi-por",
            "services.dns.blocklists[1] 13:29 hagezi-por is not a blocklist: write oisd, oisd-big, hagezi-light, hagezi-normal, hagezi-pro or stevenblack. Did you mean hagezi-pro? [base/service.cue]",
        ),
        (
            "[oisd, hagezi-pro]",
            "oisd",
            "services.dns.blocklists 13:22 oisd is text: a list belongs here. [base/service.cue]",
        ),
        (
            "proxy: {}",
            "proxy:",
            "services.proxy 14:8 proxy is empty: write {} to take what is usual. [base/service.cue]",
        ),
        (
            "proxy: {}",
            "proxy: { http_port: 0 }",
            "services.proxy.http_port 14:23 0 is not a port: write a whole number from 1 to 65535. [base/validation.cue]",
        ),
        (
            "proxy: {}",
            "proxy: { http_port: 443 }",
            "services.proxy.https_port 14:10 Port 443/tcp of nuc-1 is taken by proxy already. [base/validation.cue]",
        ),
        (
            "proxy: {}",
            "proxy: { http_port: 9090, node: nas }",
            "services.monitoring 15:15 Port 9090/tcp of nas is taken by proxy already. [base/validation.cue]",
        ),
        (
            "proxy: {}",
            "proxy: { node: nuc-3 }",
            "services.proxy.node 14:18 nuc-3 is not the name of a node: write nuc-1, nas. Did you mean nuc-1? [kits/base-homelab/stackfile.cue]",
        ),
        (
            "target: nas",
            "target: nase",
            "services.backup.target 17:13 nase is not the name of a node: write nuc-1, nas. Did you mean nas? [kits/base-homelab/stackfile.cue]",
        ),
        (
            "target: nas",
            "target: nas\n    schedule: 0 25 * * *",
            "services.backup.schedule 18:15 0 25 * * * is not a schedule: write five fields as in 0 3 * * *, every day at 03:00. [base/validation.cue]",
        ),
        (
            "target: nas",
            "target: nas\n    keep: forever",
            "services.backup.keep 18:11 forever does not say how many backups to keep: write it as 7d 4w 6m. [base/validation.cue]",
        ),
        (
            "role: manager",
            "role: manager\n    firewall: { allow: [everything] }",
            "nodes[0].firewall.allow[0] 7:25 everything is not a firewall rule: write it as 8443/tcp or 8443/tcp from 10.20.0.0/24. [base/validation.cue]",
        ),
    ];
    for (from, to, expected) in cases {
        let yaml = GOOD.replacen(from, to, 1);
        assert_ne!(yaml, GOOD, "{from} is in the specification");
        assert_eq!(problems(&yaml).await, [expected], "{to}");
    }
    assert_eq!(
        problems("kit: base-homelab\ndomain: nordhaus.lab\nnodes: []\n").await,
        ["nodes 3:8 nodes needs at least 1 item. [base/stackkit.cue]"]
    );
    assert_eq!(
        problems("kit: base-homelab\ndomain: nordhaus.lab\nnodes: { a: 1 }\n").await[0],
        "nodes 3:8 This group of fields is a group of fields: a list belongs here. [base/stackkit.cue]"
    );
}

#[tokio::test]
async fn all_mistakes_are_told_at_once_and_none_that_only_follows() {
    let yaml = GOOD
        .replace("10.20.0.11", "10.20.0.311")
        .replace("role: storage", "rol: storage")
        .replace("cpu: 4", "cpu: 0")
        .replace("target: nas", "target: nowhere")
        .replace("proxy: {}", "prxy: {}");
    assert_eq!(
        problems(&yaml).await,
        [
            "nodes[0].address 5:14 10.20.0.311 is not an IPv4 address. [base/node.cue]",
            "nodes[0].resources.cpu 7:23 0 is not a number of processors: write a whole number from 1 to 256. [base/node.cue]",
            "nodes[1].rol 10:5 There is no field rol here. Did you mean role? [-]",
            "services.prxy 14:3 There is no field prxy here. Did you mean proxy? [-]",
        ]
    );
}

#[tokio::test]
async fn what_is_no_yaml_is_told_at_its_line() {
    let bomb = (0..9).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let next = level + 1;
            let again = vec![format!("*a{level}"); 9].join(", ");
            format!("{text}a{next}: &a{next} [{again}]\n")
        },
    );
    let large = format!("kit: base-homelab # {}", "x".repeat(256 << 10));
    let cases: [(&str, &str); 11] = [
        (
            "",
            " - The specification is empty. Begin with kit, domain and nodes. [-]",
        ),
        (
            "hello",
            " - The specification is not a list of fields. Begin with kit, domain and nodes. [-]",
        ),
        (
            "kit: a\nkit: b\n",
            "kit 2:1 kit stands here and on line 1: remove one of them. [-]",
        ),
        (
            "nodes:\n  - name: a\n    name: b\n",
            "nodes[0].name 3:5 name stands here and on line 2: remove one of them. [-]",
        ),
        (
            "kit: a\nnodes:\n\t- name: b\n",
            " 3:1 A tab indents this line: YAML takes only spaces. [-]",
        ),
        (
            "kit: a\n---\nkit: b\n",
            " 2:1 A second document begins here: a specification is one. [-]",
        ),
        (
            "kit: a\n1: b\n",
            " - The name of a field is a word: put 1 in quotation marks. [-]",
        ),
        (
            "kit: !secret a\n",
            "kit 1:6 Remove the tag !secret: a specification has none. [-]",
        ),
        (
            "kit: .nan\n",
            "kit 1:6 .nan is not a number that can be worked with. [-]",
        ),
        (
            &bomb,
            " - The specification repeats itself too much. Write the values out instead of using aliases. [-]",
        ),
        (
            &large,
            " - The specification has 257 KiB, and 256 KiB is the most. [-]",
        ),
    ];
    for (yaml, expected) in cases {
        let start: String = yaml.chars().take(40).collect();
        assert_eq!(problems(yaml).await, [expected], "{start}");
    }
    for (levels, column) in [(40, 37), (100_000, 261)] {
        let deep = format!("kit: {}{}", "[".repeat(levels), "]".repeat(levels));
        let expected =
            format!(" 1:{column} This is nested too deeply: 32 levels are the most. [-]");
        assert_eq!(problems(&deep).await, [expected]);
    }
    let unclosed = problems("kit: a\nnodes: [\n").await;
    assert!(
        unclosed.len() == 1 && unclosed[0].contains("This is not YAML: "),
        "{unclosed:?}"
    );
}

#[tokio::test]
async fn values_of_a_specification_are_never_taken_for_cue() {
    let yaml = GOOD
        .replace("nordhaus.lab", "\"\\\\(1+1).lab\"")
        .replace("name: nas", "name: \"x\\\" | error(\\\"y\"");
    let told = problems(&yaml).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("domain 2:9 \\(1+1).lab is not a domain"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("nodes[1].name 8:11 x\" | error(\"y is not a name"),
        "{told:?}"
    );
}
