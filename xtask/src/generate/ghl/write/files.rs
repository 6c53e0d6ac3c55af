//! What stands around the requests and types: the `use` lines, the lists of modules, the ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::model::{Generation, Group, Kind, Response, Type};
use super::super::names::phrase;
use super::super::overrides::Naming;

/// The `use` lines for what the text names.
pub(super) fn imports(group: &Group, naming: &Naming, body: &str) -> String {
    let words: BTreeSet<&str> = body
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let uses = |name: &str| words.contains(name);
    let list = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| uses(name)).collect()
    };
    let mut lines = Vec::new();
    let mut line = |path: &str, names: Vec<String>| match names.as_slice() {
        [] => {}
        [one] => lines.push(format!("use {path}::{one};")),
        many => lines.push(format!("use {path}::{{{}}};", many.join(", "))),
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    if body.contains("BTreeMap<") {
        line("std::collections", vec!["BTreeMap".to_owned()]);
    }
    line("http", owned(list(&["Method"])));
    if body.contains("Idempotency::") {
        line("integrations_core::http", vec!["Idempotency".to_owned()]);
    }
    let mut core = Vec::new();
    if has_kind(group, &Kind::Time) {
        core.push("Timestamp".to_owned());
    }
    for name in ["input_object", "object", "open_enum"] {
        if body.contains(&format!("\n{name}! {{")) {
            core.push(name.to_owned());
        }
    }
    line("integrations_core", core);
    if has_kind(group, &Kind::Json) {
        line("serde_json", vec!["Value".to_owned()]);
    }
    let mut ids = BTreeSet::new();
    let mut hands = BTreeSet::new();
    each_kind(group, &mut |kind| match kind {
        Kind::Id(name) => {
            ids.insert(name.clone());
        }
        Kind::Hand(path) => {
            hands.insert(path.clone());
        }
        _ => {}
    });
    line("crate::ids", ids.into_iter().collect());
    for path in hands {
        if let Some((module, name)) = path.rsplit_once("::") {
            line(module, vec![name.to_owned()]);
        }
    }
    if body.contains("paged! {") {
        line("crate::pagination", vec!["paged".to_owned()]);
    }
    line("crate::request", vec!["request".to_owned()]);
    if has_kind(group, &Kind::Secret) {
        line("crate::secret", vec!["Secret".to_owned()]);
    }
    let mut own = vec!["Call".to_owned()];
    for name in [
        "Client",
        "Download",
        "Endpoint",
        "BareList",
        "Location",
        "LocationIn",
        "Pagination",
        "Spec",
        "TokenClasses",
        "Untyped",
        "Version",
    ] {
        let used = match name {
            "Client" => body.contains("&'a Client") || body.contains("impl Client"),
            "Location" => body.contains("&'a Location") || body.contains("impl Location "),
            "Download" => body.contains("-> Download {"),
            "Untyped" => body.contains("-> Untyped {"),
            "BareList" => body.contains("-> BareList<"),
            "LocationIn" | "Pagination" | "TokenClasses" | "Version" => {
                body.contains(&format!("({name}::"))
            }
            _ => uses(name),
        };
        if used {
            own.push(name.to_owned());
        }
    }
    line("crate", own);
    if group.generation == Generation::V3 {
        let mut parents = Vec::new();
        for name in ["ClientV3", "LocationV3"] {
            if body.contains(&format!("impl<'a> {name}")) {
                parents.push(name.to_owned());
            }
        }
        line("super", parents);
    } else {
        for handle in [&naming.handle, &naming.company_handle]
            .into_iter()
            .flatten()
        {
            if body.contains(&format!("impl {handle}<'_>")) {
                let home = match group.module.as_str() {
                    "oauth" => "crate::oauth".to_owned(),
                    module => format!("crate::{module}"),
                };
                line(&home, vec![handle.clone()]);
            }
        }
    }
    let mut by_module: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, module) in &group.shared {
        by_module.entry(module).or_default().push(name);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    for (module, names) in by_module {
        let _ = write!(
            text,
            "\npub use crate::generated::{module}::{{{}}};\n",
            names.join(", ")
        );
    }
    text
}

fn has_kind(group: &Group, wanted: &Kind) -> bool {
    let mut found = false;
    each_kind(group, &mut |kind| found |= kind == wanted);
    found
}

/// Calls `visit` with every type that is written, however deep.
fn each_kind(group: &Group, visit: &mut dyn FnMut(&Kind)) {
    fn deep(kind: &Kind, visit: &mut dyn FnMut(&Kind)) {
        visit(kind);
        if let Kind::List(inner) | Kind::Map(inner) = kind {
            deep(inner, visit);
        }
    }
    for operation in group
        .operations
        .iter()
        .filter(|operation| operation.hand.is_none())
    {
        for field in operation.values.iter().chain(operation.fields()) {
            deep(&field.kind, visit);
        }
        if let Response::Typed(kind) = &operation.response {
            deep(kind, visit);
        }
        if let Some(paging) = &operation.paging {
            deep(&paging.item, visit);
        }
    }
    for (name, definition) in &group.types {
        if let (Type::Object { fields, .. }, false) = (definition, group.shared.contains_key(name))
        {
            for field in fields {
                deep(&field.kind, visit);
            }
        }
    }
}

/// Whether anything of the group is generated.
pub(in super::super) fn is_written(group: &Group) -> bool {
    group
        .operations
        .iter()
        .any(|operation| operation.hand.is_none())
}

/// The list of the groups' modules.
///
/// Those in `beside` are shown in a hand-written module of the same name.
pub(in super::super) fn modules(
    groups: &[Group],
    generation: Generation,
    beside: &BTreeSet<String>,
) -> String {
    let groups = || groups.iter().filter(|group| is_written(group));
    let what = match generation {
        Generation::Dated => "The dated contract",
        Generation::V3 => "The contract `v3`",
    };
    let mut out = format!(
        "//! {what}, by resource group.\n//!\n//! Generated by `cargo xtask generate ghl`; do not edit.\n\n"
    );
    if generation == Generation::V3 {
        out.push_str(
            "use crate::{Client, Location, Spec};\n\n\
             /// The contract `v3` for a location's token: see [`Location::v3`].\n\
             #[derive(Debug, Clone, Copy)]\npub struct LocationV3<'a>(pub(crate) &'a Location);\n\n\
             /// The contract `v3` for a company's token: see [`Client::v3`].\n\
             #[derive(Debug, Clone, Copy)]\npub struct ClientV3<'a>(pub(crate) &'a Client);\n\n\
             impl Location {\n    /// The operations of the contract `v3`.\n    #[must_use]\n    \
             pub fn v3(&self) -> LocationV3<'_> {\n        LocationV3(self)\n    }\n}\n\n\
             impl Client {\n    /// The operations of the contract `v3`.\n    #[must_use]\n    \
             pub fn v3(&self) -> ClientV3<'_> {\n        ClientV3(self)\n    }\n}\n\n",
        );
    } else {
        out.push_str("use crate::Spec;\n\n");
    }
    if generation == Generation::Dated {
        out.push_str(
            "#[cfg(feature = \"catalog\")]\npub(crate) mod catalog;\npub(crate) mod ids;\n",
        );
    }
    for group in groups() {
        let _ = write!(
            out,
            "#[cfg(feature = {:?})]\n{} mod {};\n",
            group.feature,
            if beside.contains(&group.module) {
                "pub(crate)"
            } else {
                "pub"
            },
            group.module
        );
    }
    if generation == Generation::Dated {
        out.push_str("#[cfg(feature = \"v3\")]\npub(crate) mod v3;\n");
    }
    out.push_str("\n/// The operations of every group that is compiled in.\npub(crate) static OPERATIONS: &[&[&Spec]] = &[\n");
    for group in groups() {
        let _ = write!(
            out,
            "    #[cfg(feature = {:?})]\n    {}::OPERATIONS,\n",
            group.feature, group.module
        );
    }
    out.push_str("];\n");
    out
}

/// The file of the ids that are not declared by hand.
pub(in super::super) fn ids(names: &BTreeSet<String>) -> String {
    let mut out = String::from(
        "//! Ids of the provider's objects.\n//!\n//! Generated by `cargo xtask generate ghl`; do not edit.\n\n\
         integrations_core::id! {\n",
    );
    for name in names {
        let what = phrase(name.strip_suffix("Id").unwrap_or(name));
        let article = if what.starts_with(['a', 'e', 'i', 'o']) {
            "An"
        } else {
            "A"
        };
        let _ = write!(out, "    /// {article} {what}.\n    pub struct {name};\n");
    }
    out.push_str("}\n");
    out
}

/// The names of hand-written types that a group's generated ones must not have.
pub(in super::super) fn reserved(sources: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in sources.iter().flat_map(|source| source.lines()) {
        let line = line.trim_start();
        for start in ["pub struct ", "pub enum "] {
            if let Some(rest) = line.strip_prefix(start) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                names.insert(name);
            }
        }
    }
    names
}
