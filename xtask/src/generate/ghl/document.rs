//! The provider's OpenAPI documents.

use std::collections::BTreeMap;
use std::path::Path;

use super::json::Json;
use super::model::Generation;
use super::overrides::Overrides;

/// One document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its file's name without `.json` and `-v3`.
    pub(super) name: String,
    root: Json,
    common: Json,
}

/// The documents of one generation, with the corrections made.
pub(super) fn load(
    dir: &Path,
    generation: Generation,
    overrides: &Overrides,
) -> Result<Vec<Document>, String> {
    let (folder, common) = match generation {
        Generation::Dated => (dir.join("apps"), dir.join("common/common-schemas.json")),
        // Their references say `../common`, and the file is in `v3/common`.
        Generation::V3 => (
            dir.join("apps/v3"),
            dir.join("apps/v3/common/common-schemas.json"),
        ),
    };
    let common = match read(&common) {
        Ok(common) => common,
        Err(_) if generation == Generation::V3 => read(&dir.join("common/common-schemas.json"))?,
        Err(error) => return Err(error),
    };
    let entries = std::fs::read_dir(&folder).map_err(|error| {
        format!(
            "cannot read {}: {error}. --spec wants a checkout of the provider's documents, with apps/ and common/ in it",
            folder.display()
        )
    })?;
    let mut documents = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|end| end == "json") {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = stem.strip_suffix("-v3").unwrap_or(&stem).to_owned();
            documents.insert(name, read(&path)?);
        }
    }
    for patch in &overrides.patch {
        for name in &patch.documents {
            let (name, only) = match name.split_once('@') {
                Some((name, "v3")) => (name, Some(Generation::V3)),
                Some((name, _)) => (name, Some(Generation::Dated)),
                None => (name.as_str(), None),
            };
            if only.is_some_and(|only| only != generation) {
                continue;
            }
            let Some(root) = documents.get_mut(name) else {
                continue;
            };
            root.patch_at(&patch.at, &patch.merge, &patch.remove)
                .map_err(|error| format!("a patch of {name} ({generation:?}): {error}"))?;
        }
    }
    for property in &overrides.property {
        for name in &property.documents {
            if let Some(root) = documents.get_mut(name)
                && root.replace_property(&property.name, &property.schema) == 0
            {
                return Err(format!(
                    "{name} ({generation:?}) has no property {}",
                    property.name
                ));
            }
        }
    }
    Ok(documents
        .into_iter()
        .map(|(name, root)| Document {
            name,
            root,
            common: common.clone(),
        })
        .collect())
}

fn read(path: &Path) -> Result<Json, String> {
    let text =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Document {
    /// The operations: method, path and what is said of them, in the document's order.
    pub(super) fn operations(&self) -> impl Iterator<Item = (String, &str, &Json)> {
        const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
        self.root
            .get("paths")
            .members()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.members().iter();
                methods
                    .filter(|(method, _)| METHODS.contains(&method.as_str()))
                    .map(move |(method, operation)| {
                        (method.to_uppercase(), path.as_str(), operation)
                    })
            })
    }

    /// The target of a reference and its name; the schema itself without one.
    pub(super) fn resolve<'a>(
        &'a self,
        schema: &'a Json,
    ) -> Result<(Option<&'a str>, &'a Json), String> {
        let Some(reference) = schema.get("$ref").text() else {
            return Ok((None, schema));
        };
        let name = reference.rsplit('/').next().unwrap_or_default();
        let root = if reference.contains("common-schemas") {
            &self.common
        } else {
            &self.root
        };
        let target = root.get("components").get("schemas").find(name);
        let target = target.ok_or_else(|| format!("{}: {reference} leads nowhere", self.name))?;
        // A schema that is only a reference to another.
        match self.resolve(target)? {
            (Some(deeper), target) => Ok((Some(deeper), target)),
            (None, target) => Ok((Some(name), target)),
        }
    }
}
