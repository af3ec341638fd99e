//! Changes as `tofu show -json` writes them, and the lines that people read.

use serde_json::{Value, json};

use super::lines;

fn shown(resource_type: &str, change: Value) -> Vec<String> {
    lines(resource_type, &change)
        .into_iter()
        .map(|line| format!("{} {}", line.sign, line.text))
        .collect()
}

#[test]
fn a_changed_value_goes_and_comes_and_what_stays_is_left_out() {
    let change = json!({
        "before": { "size": 1, "name": "a", "tags": { "a b": "x", "c": true }, "gone": [1] },
        "after": { "size": 2, "name": "a", "tags": { "a b": "y", "c": true }, "new": {} },
    });
    assert_eq!(
        shown("disk", change),
        [
            "- gone = [1]",
            "+ new = {}",
            "- size = 1",
            "+ size = 2",
            "- tags[\"a b\"] = \"x\"",
            "+ tags[\"a b\"] = \"y\""
        ]
    );
}

#[test]
fn long_lists_show_what_is_near_a_change() {
    let before: Vec<u32> = (0..20).collect();
    let mut after = before.clone();
    after.remove(10);
    assert_eq!(
        shown(
            "disk",
            json!({ "before": { "items": before }, "after": { "items": after } })
        ),
        [
            "  items = [",
            "    … 7 unchanged",
            "    7,",
            "    8,",
            "    9,",
            "-   10,",
            "    11,",
            "    12,",
            "    13,",
            "    … 6 unchanged",
            "  ]",
        ]
    );
}

#[test]
fn texts_of_several_lines_are_compared_line_by_line() {
    let change = json!({ "before": { "file": "a\nb\n" }, "after": { "file": "a\nc\n" } });
    assert_eq!(
        shown("disk", change),
        ["  file = <<", "    a", "-   b", "+   c", "  >>"]
    );
}

#[test]
fn items_that_are_objects_stand_on_one_line() {
    let change = json!({
        "before": { "rules": [{ "port": 80, "from": "any" }] },
        "after": { "rules": [{ "port": 443, "from": "any" }] },
    });
    assert_eq!(
        shown("disk", change),
        [
            "  rules = [",
            "-   { from = \"any\", port = 80 },",
            "+   { from = \"any\", port = 443 },",
            "  ]"
        ]
    );
}

#[test]
fn a_secret_is_masked_wherever_its_mark_stands() {
    let change = json!({
        "before": { "all": { "a": "hidden" }, "list": ["hidden", "x"], "same": "hidden" },
        "after": { "all": { "a": "other" }, "list": ["other", "x"], "same": "hidden" },
        "before_sensitive": { "all": true, "list": [true, false], "same": true },
        "after_sensitive": { "all": true, "list": [true, false], "same": true },
    });
    assert_eq!(
        shown("disk", change),
        [
            "- all = (sensitive)",
            "+ all = (sensitive)",
            "- list = (sensitive)",
            "+ list = (sensitive)"
        ]
    );
    let whole = json!({ "before": null, "after": { "a": "hidden" }, "after_sensitive": true });
    assert_eq!(shown("disk", whole), ["+ (sensitive)"]);
    // A value that stops to be secret must not be told by its old side.
    let bared = json!({ "before": { "a": "hidden" }, "after": { "a": "open" }, "before_sensitive": { "a": true } });
    assert_eq!(
        shown("disk", bared),
        ["- a = (sensitive)", "+ a = \"open\""]
    );
}

#[test]
fn what_is_known_later_is_said_so() {
    let change = json!({
        "before": { "id": "1" }, "after": {}, "after_unknown": { "id": true, "address": true, "set": false },
    });
    assert_eq!(
        shown("disk", change),
        [
            "+ address = (known after apply)",
            "- id = \"1\"",
            "+ id = (known after apply)"
        ]
    );
}

#[test]
fn a_terraform_data_is_its_input_unless_it_says_more() {
    let side = |value: u32, trigger: Value| json!({ "id": "x", "input": { "size": value }, "output": { "size": value }, "triggers_replace": trigger });
    let same =
        json!({ "before": side(1, json!({ "size": 1 })), "after": side(2, json!({ "size": 2 })) });
    assert_eq!(shown("terraform_data", same), ["- size = 1", "+ size = 2"]);
    let other = json!({ "before": side(1, json!("a")), "after": side(1, json!("b")) });
    assert_eq!(
        shown("terraform_data", other),
        ["- triggers_replace = \"a\"", "+ triggers_replace = \"b\""]
    );
}

#[test]
fn a_huge_change_is_cut() {
    let after: Vec<u32> = (0..1000).collect();
    let lines = shown(
        "disk",
        json!({ "before": null, "after": { "items": after } }),
    );
    assert_eq!(lines.len(), 401);
    assert_eq!(lines[400], "  … 602 more lines");
}
