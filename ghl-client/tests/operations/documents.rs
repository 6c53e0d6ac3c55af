//! The provider's documents, when they are beside the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

/// One operation as it is documented.
pub(crate) struct Documented {
    pub(crate) v3: bool,
    /// The document's file name without `.json` and `-v3`.
    pub(crate) group: &'static str,
    pub(crate) method: String,
    pub(crate) path: &'static str,
    pub(crate) operation: &'static Value,
    pub(crate) document: &'static Document,
}

impl Documented {
    /// `GET /path`, with `v3` in front of it for that contract.
    pub(crate) fn key(&self) -> String {
        key(self.v3, &self.method, self.path)
    }

    /// The parameters in one place.
    pub(crate) fn parameters(&self, place: &str) -> Vec<&'static Value> {
        let all = self.operation["parameters"].as_array();
        let all = all.into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// The schema of the body, JSON where there is a choice.
    pub(crate) fn body(&self) -> Option<&'static Value> {
        let contents = self.operation["requestBody"]["content"].as_object()?;
        let content = contents
            .get("application/json")
            .or(contents.values().next())?;
        content.get("schema")
    }

    /// The schema of the reply.
    pub(crate) fn reply(&self) -> Option<&'static Value> {
        let responses = self.operation["responses"].as_object()?;
        let mut replies = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .filter_map(|(_, reply)| reply["content"]["application/json"].get("schema"));
        replies.find(|schema| schema.as_object().is_some_and(|schema| !schema.is_empty()))
    }
}

/// `GET /path`, with `v3` in front of it for that contract.
pub(crate) fn key(v3: bool, method: &str, path: &str) -> String {
    let contract = if v3 { "v3 " } else { "" };
    format!("{contract}{method} {path}")
}

/// A document and the file of schemas that its generation shares.
pub(crate) struct Document {
    pub(crate) root: Value,
    pub(crate) common: &'static Value,
}

impl Document {
    /// The target of a reference; the schema itself without one.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema["$ref"].as_str() else {
            return schema;
        };
        let target = self.target(reference);
        self.resolve(target)
    }

    /// The target of a reference. Those of `v3` to the shared file name a folder that is not there.
    pub(crate) fn target(&self, reference: &str) -> &Value {
        let (file, pointer) = reference.split_once('#').unwrap();
        let root = if file.is_empty() {
            &self.root
        } else {
            assert!(file.ends_with("common-schemas.json"), "{reference}");
            self.common
        };
        let target = root.pointer(pointer);
        target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }
}

/// Where the documents are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/ghl")
}

static ALL: LazyLock<Option<BTreeMap<String, Documented>>> = LazyLock::new(|| {
    let folder = folder();
    if !folder.is_dir() {
        return None;
    }
    let mut all = BTreeMap::new();
    for (v3, apps, common) in [
        (false, "apps", "common"),
        (true, "apps/v3", "apps/v3/common"),
    ] {
        let common = read(&folder.join(common).join("common-schemas.json"));
        let common: &'static Value = Box::leak(Box::new(common));
        for entry in std::fs::read_dir(folder.join(apps)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let group = stem.strip_suffix("-v3").unwrap_or(stem).to_owned();
            let root = read(&path);
            let document: &'static Document = Box::leak(Box::new(Document { root, common }));
            add(&mut all, v3, group.leak(), document);
        }
    }
    Some(all)
});

fn add(
    all: &mut BTreeMap<String, Documented>,
    v3: bool,
    group: &'static str,
    document: &'static Document,
) {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    for (path, methods) in document.root["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                let documented = Documented {
                    v3,
                    group,
                    method: method.to_uppercase(),
                    path,
                    operation,
                    document,
                };
                all.insert(documented.key(), documented);
            }
        }
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// Every operation of both contracts by its key; nothing, and a line that says so, when the documents are not there.
pub(crate) fn all() -> Option<&'static BTreeMap<String, Documented>> {
    if ALL.is_none() {
        assert!(
            std::env::var_os("INTEGRATIONS_REQUIRE_SPECS").is_none(),
            "the official documents are not at {}",
            folder().display()
        );
        println!(
            "skipped: the official documents are not at {}",
            folder().display()
        );
    }
    ALL.as_ref()
}
