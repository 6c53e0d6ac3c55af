//! The rules of the house, read from `cargo metadata` and from the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata works")
}

/// What a member may depend on among the members, tests apart.
fn allowed(member: &str) -> &'static [&'static str] {
    match member {
        "integrations-core" | "integrations-testkit" | "xtask" => &[],
        client if client.ends_with("-client") => &["integrations-core"],
        "integrations-store" => &["integrations-core"],
        "integrations-sync" => &["integrations-core", "integrations-store"],
        "integrations-server" => &[
            "integrations-core",
            "integrations-store",
            "integrations-sync",
        ],
        "integrations-mcp" => &["integrations-core"],
        "examples" | "integrations-tests" | "benches" => &[
            "integrations-core",
            "integrations-store",
            "integrations-sync",
            "integrations-server",
            "integrations-mcp",
            "integrations-testkit",
            "aloware-client",
            "clerk-client",
            "ghl-client",
            "verity-client",
        ],
        other => panic!("{other} is a new member: say in this test what it may depend on"),
    }
}

#[test]
fn members_depend_in_one_direction() {
    let metadata = metadata();
    let members: BTreeSet<_> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            let among_us = members.contains(&dependency.name)
                && dependency.kind != DependencyKind::Development;
            if among_us && !allowed(&package.name).contains(&dependency.name.as_str()) {
                wrong.push(format!("{} → {}", package.name, dependency.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "dependencies against the direction of the house: {wrong:#?}"
    );
}

#[test]
fn only_core_depends_on_the_http_library() {
    let users: Vec<_> = metadata()
        .packages
        .iter()
        .filter(|package| {
            let kind = |name: &str| {
                package
                    .dependencies
                    .iter()
                    .any(|d| d.name == name && d.kind != DependencyKind::Development)
            };
            kind("reqwest") || kind("hyper-tls") || kind("ureq")
        })
        .map(|package| package.name.to_string())
        .collect();
    // The benchmark measures the library itself as its floor.
    assert_eq!(users, ["integrations-core", "benches"]);
}

#[test]
fn one_version_of_what_must_be_one() {
    // What is really built here: the lock file and the metadata also name what no feature turns on.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = std::process::Command::new(cargo)
        .args([
            "tree",
            "--workspace",
            "--prefix",
            "none",
            "--no-dedupe",
            "--locked",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).expect("UTF-8");
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    for name in [
        "reqwest",
        "aws-lc-rs",
        "rustls",
        "tokio",
        "axum",
        "sqlx-core",
        "tower-http",
        "http",
        "hyper",
    ] {
        assert_eq!(
            versions.get(name).map_or(0, BTreeSet::len),
            1,
            "copies of {name}: {:?}",
            versions.get(name)
        );
    }
    for name in ["ring", "openssl-sys", "rsa", "native-tls"] {
        assert_eq!(versions.get(name), None, "{name} is not wanted in the tree");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !matches!(
                name.to_str(),
                Some("target" | ".git" | ".target" | "node_modules")
            ) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn hand_written_files_stay_small() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let mut lengths: Vec<(usize, PathBuf)> = files
        .into_iter()
        .filter(|path| {
            !path
                .components()
                .any(|part| part.as_os_str() == "generated")
        })
        .map(|path| {
            (
                std::fs::read_to_string(&path)
                    .expect("UTF-8")
                    .lines()
                    .count(),
                path,
            )
        })
        .collect();
    lengths.sort();
    let long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > 800).collect();
    assert!(long.is_empty(), "split these: {long:#?}");
    let median = lengths[lengths.len() / 2].0;
    assert!(median <= 150, "the median file has {median} lines");
}

#[test]
fn no_module_is_called_mod_rs() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let wrong: Vec<_> = files
        .iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "mod.rs"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn generated_files_say_so() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    for path in files.iter().filter(|path| {
        path.components()
            .any(|part| part.as_os_str() == "generated")
    }) {
        let text = std::fs::read_to_string(path).expect("UTF-8");
        let head: String = text
            .lines()
            .take(5)
            .collect::<Vec<_>>()
            .join("\n")
            .to_lowercase();
        assert!(
            head.contains("generated") && head.contains("do not edit"),
            "{} has no header",
            path.display()
        );
    }
}

#[test]
fn every_published_crate_has_its_papers() {
    for package in metadata()
        .packages
        .iter()
        .filter(|package| package.publish.is_none())
    {
        let folder = package.manifest_path.parent().expect("a folder");
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(folder.join(file).exists(), "{} has no {file}", package.name);
        }
        assert!(
            package.description.is_some() && package.license.is_some(),
            "{}",
            package.name
        );
    }
}
