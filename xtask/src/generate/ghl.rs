//! Operations, types and documentation of `ghl-client` from the provider's OpenAPI documents.
//!
//! [`document`] reads them and makes the corrections of `overrides.toml`, [`plan`] turns them into a [`model`] of what is
//! to be written, [`write`] writes it. What the documents say carries over; their sentences do not.

mod cases;
mod catalogue;
mod coverage;
mod document;
mod json;
mod model;
mod names;
mod overrides;
mod paging;
mod plan;
mod types;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use self::model::{Generation, Group, Type};
use self::overrides::Overrides;

const OVERRIDES: &str = include_str!("ghl/overrides.toml");

/// The files to write, by their path in the workspace, and a line about them.
pub(super) fn sources(spec: &Path) -> Result<(BTreeMap<String, String>, String), String> {
    let mut overrides = Overrides::read(OVERRIDES)?;
    let ids = ids(spec, &mut overrides)?;
    let mut dated = plan(spec, Generation::Dated, &overrides)?;
    let mut v3 = plan(spec, Generation::V3, &overrides)?;
    let operations = dated.iter().chain(&v3).flat_map(|group| &group.operations);
    let unknown = overrides.unknown(&operations.map(|operation| operation.key.as_str()).collect());
    if !unknown.is_empty() {
        return Err(format!(
            "overrides.toml: no document has {}",
            unknown.join(", ")
        ));
    }
    share(&mut dated, &mut v3);

    let mut files = BTreeMap::new();
    for group in dated
        .iter()
        .chain(&v3)
        .filter(|group| write::is_written(group))
    {
        let naming = overrides
            .groups
            .get(&group.document)
            .cloned()
            .unwrap_or_default();
        let folder = match group.generation {
            Generation::Dated => "generated",
            Generation::V3 => "generated/v3",
        };
        let path = format!("ghl-client/src/{folder}/{}.rs", group.module);
        files.insert(path, formatted(&write::group(group, &naming))?);
    }
    let hand = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ghl-client/src");
    let modules = dated.iter().map(|group| group.module.clone());
    let beside = modules
        .filter(|module| hand.join(format!("{module}.rs")).is_file())
        .collect();
    files.insert(
        "ghl-client/src/generated.rs".to_owned(),
        formatted(&write::modules(&dated, Generation::Dated, &beside))?,
    );
    files.insert(
        "ghl-client/src/generated/v3.rs".to_owned(),
        formatted(&write::modules(&v3, Generation::V3, &BTreeSet::new()))?,
    );
    files.insert(
        "ghl-client/src/generated/ids.rs".to_owned(),
        formatted(&write::ids(&ids))?,
    );
    catalogues(spec, &mut files)?;
    let (coverage, line) = coverage::document(&dated, &v3);
    files.insert("ghl-client/COVERAGE.md".to_owned(), coverage);
    dated.retain(write::is_written);
    v3.retain(write::is_written);
    const CASES: &str = "ghl-client/tests/operations/generated";
    for group in dated.iter().chain(&v3) {
        let folder = match group.generation {
            Generation::Dated => "",
            Generation::V3 => "/v3",
        };
        let path = format!("{CASES}{folder}/{}.rs", group.module);
        files.insert(path, formatted(&cases::group(group))?);
    }
    files.insert(
        format!("{CASES}.rs"),
        formatted(&cases::modules(&dated, &overrides))?,
    );
    files.insert(
        format!("{CASES}/v3.rs"),
        formatted(&cases::v3_modules(&v3))?,
    );
    Ok((files, line))
}

/// The operations as data: from the documents whether they are written by hand or not.
fn catalogues(spec: &Path, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    const FOLDER: &str = "ghl-client/src/generated/catalog";
    let mut overrides = Overrides::read(OVERRIDES)?;
    overrides.forget_hand();
    ids(spec, &mut overrides)?;
    for (generation, folder) in [
        (Generation::Dated, FOLDER.to_owned()),
        (Generation::V3, format!("{FOLDER}/v3")),
    ] {
        let groups = plan(spec, generation, &overrides)?;
        for (module, source) in catalogue::groups(&groups)? {
            files.insert(format!("{folder}/{module}.rs"), formatted(&source)?);
        }
        let modules = catalogue::modules(&groups, generation);
        files.insert(format!("{folder}.rs"), formatted(&modules)?);
    }
    Ok(())
}

fn plan(spec: &Path, generation: Generation, overrides: &Overrides) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for document in document::load(spec, generation, overrides)? {
        let naming = overrides
            .groups
            .get(&document.name)
            .cloned()
            .unwrap_or_default();
        let module = naming
            .module
            .unwrap_or_else(|| names::snake(&document.name));
        let reserved = match generation {
            Generation::Dated => reserved(&module)?,
            Generation::V3 => BTreeSet::new(),
        };
        groups.push(plan::group(&document, generation, overrides, reserved)?);
    }
    Ok(groups)
}

/// Adds a type of its own for every id that a path names, and gives those that are not declared by hand.
fn ids(spec: &Path, overrides: &mut Overrides) -> Result<BTreeSet<String>, String> {
    let mut wires = BTreeSet::new();
    for generation in [Generation::Dated, Generation::V3] {
        for document in document::load(spec, generation, overrides)? {
            for (_, path, _) in document.operations() {
                let values = path
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split('}').next());
                wires.extend(
                    values
                        .filter(|wire| wire.ends_with("Id"))
                        .map(str::to_owned),
                );
            }
        }
    }
    for wire in wires {
        let name = names::pascal(&wire);
        overrides.ids.entry(wire).or_insert(name);
    }
    let declared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ghl-client/src/ids.rs");
    let declared = std::fs::read_to_string(&declared)
        .map_err(|error| format!("cannot read {}: {error}", declared.display()))?;
    let declared = write::reserved(&[declared]);
    for name in &declared {
        let mut wire = name.clone();
        wire[..1].make_ascii_lowercase();
        overrides.ids.entry(wire).or_insert_with(|| name.clone());
    }
    Ok(overrides
        .ids
        .values()
        .filter(|name| !declared.contains(*name))
        .cloned()
        .collect())
}

/// The names of the hand-written types of a module, beside which the generated ones are shown.
fn reserved(module: &str) -> Result<BTreeSet<String>, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ghl-client/src");
    let mut files = vec![root.join(format!("{module}.rs"))];
    if let Ok(entries) = std::fs::read_dir(root.join(module)) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let mut sources = Vec::new();
    for file in files.into_iter().filter(|file| file.is_file()) {
        let source = std::fs::read_to_string(&file);
        sources.push(source.map_err(|error| format!("cannot read {}: {error}", file.display()))?);
    }
    Ok(write::reserved(&sources))
}

/// Finds the types that are the same in both generations: v3 takes those of the dated contract.
fn share(dated: &mut [Group], v3: &mut [Group]) {
    for group in v3 {
        let Some(other) = dated
            .iter_mut()
            .find(|other| other.feature == group.feature)
        else {
            continue;
        };
        let mut shared: BTreeSet<String> = group
            .types
            .iter()
            .filter(|(name, definition)| {
                other
                    .types
                    .get(*name)
                    .is_some_and(|known| same(known, definition))
            })
            .map(|(name, _)| name.clone())
            .collect();
        // A type is the same only if all it holds are.
        loop {
            let before = shared.len();
            let current = shared.clone();
            shared.retain(|name| match group.types.get(name) {
                Some(Type::Object { fields, .. }) => fields.iter().all(|field| {
                    let mut held = Vec::new();
                    plan::names(&field.kind, &mut held);
                    held.iter().all(|name| current.contains(name))
                }),
                _ => true,
            });
            if shared.len() == before {
                break;
            }
        }
        for name in shared {
            if let (Some(Type::Object { input: true, .. }), Some(Type::Object { input, .. })) =
                (group.types.get(&name), other.types.get_mut(&name))
            {
                *input = true;
            }
            group.shared.insert(name, other.module.clone());
        }
    }
}

fn same(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Object { fields: one, .. }, Type::Object { fields: other, .. }) => one == other,
        (Type::Enum { values: one, .. }, Type::Enum { values: other, .. }) => one == other,
        _ => false,
    }
}

/// The source as rustfmt writes it. What is inside the macros of the house it leaves alone.
fn formatted(source: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot run rustfmt: {error}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().ok_or("rustfmt has no input")?;
    let text = source.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(failed)?;
    let written = writer.join().map_err(|_| "rustfmt's input broke")?;
    written.map_err(failed)?;
    if !output.status.success() {
        let path = std::env::temp_dir().join("unformatted.rs");
        let _ = std::fs::write(&path, source);
        return Err(format!(
            "rustfmt refused what was generated: see {}",
            path.display()
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| "rustfmt wrote no text".to_owned())
}
