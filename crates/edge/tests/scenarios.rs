//! Whole calls through the core in virtual time: each file of `scenarios/` is one claim, what came of it one snapshot.

mod script;

use std::path::Path;

use script::Scene;

fn scenario(path: &Path) -> datatest_stable::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let mut scene = Scene::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        scene.play(line);
    }
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("a file has a name");
    insta::with_settings!({
        snapshot_path => "scenarios", prepend_module_to_snapshot => false, omit_expression => true
    }, {
        insta::assert_snapshot!(name, scene.finish());
    });
    Ok(())
}

datatest_stable::harness! {
    { test = scenario, root = "tests/scenarios", pattern = r"\.call$" },
}
