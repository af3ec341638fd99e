//! What a person sees of a plan.

use super::*;

#[tokio::test]
async fn secrets_are_masked_everywhere_a_person_looks() {
    let module = r#"
variable "password" {
  sensitive = true
}
variable "size" {}
resource "terraform_data" "one" {
  input = { password = var.password, size = var.size, notes = ["plain", var.password] }
  provisioner "local-exec" {
    command = "echo token is $TF_HTTP_PASSWORD; echo \"$P\""
    environment = { P = nonsensitive("multi\nline ${var.size}") }
  }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let shown = |plan: &PlanResult| {
        plan.changes
            .iter()
            .flat_map(|change| diff(&change.diff))
            .collect::<Vec<_>>()
    };
    let work = stack.work(json!({ "password": "hunter2", "size": 1 }));
    let made = plan(&work).await;
    assert_eq!(
        shown(&made),
        [
            "+ notes = [\"plain\", (sensitive)]",
            "+ password = (sensitive)",
            "+ size = 1"
        ]
    );
    let watched = Watched::new();
    runner()
        .apply(&work, &made.plan, &watched.watch)
        .await
        .expect("it is applied");
    let log = watched.log();
    assert!(
        log.contains(&"one: token is (sensitive)".to_owned()),
        "{log:#?}"
    );
    assert!(
        !log.iter()
            .any(|line| line.contains(support::backend::PASSWORD) || line.contains("hunter2"))
    );

    let made = plan(&stack.work(json!({ "password": "hunter3", "size": 2 }))).await;
    assert_eq!(
        shown(&made),
        [
            "- notes = (sensitive)",
            "+ notes = (sensitive)",
            "- password = (sensitive)",
            "+ password = (sensitive)",
            "- size = 1",
            "+ size = 2",
        ]
    );
    assert_eq!(made.changes[0].action, ChangeAction::Update);
    assert_eq!(made.summary.change, 1);
}

#[tokio::test]
async fn what_is_not_known_yet_is_said() {
    let module = r#"
resource "terraform_data" "one" {}
resource "terraform_data" "two" {
  input = { id = terraform_data.one.id, text = "first\nsecond\nthird" }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let made = plan(&stack.work(json!({}))).await;
    let two = made
        .changes
        .iter()
        .find(|change| change.address == "terraform_data.two")
        .unwrap();
    assert_eq!(
        diff(&two.diff),
        [
            "+ id = (known after apply)",
            "+ text = <<",
            "+   first",
            "+   second",
            "+   third",
            "+ >>"
        ]
    );
}
