//! What is written: groups of operations and types.

use std::collections::BTreeMap;

use super::json::Json;

/// One generation of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    Dated,
    V3,
}

/// A resource group: one document, one file, one feature.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) generation: Generation,
    /// The document's name without `-v3`.
    pub(super) document: String,
    pub(super) module: String,
    pub(super) feature: String,
    pub(super) title: String,
    pub(super) operations: Vec<Operation>,
    pub(super) types: BTreeMap<String, Type>,
    /// Types that equal those of the dated contract: name to the module that has them.
    pub(super) shared: BTreeMap<String, String>,
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// `GET /path`.
    pub(super) key: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) request: String,
    pub(super) function: String,
    pub(super) slug: String,
    pub(super) version: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) tokens: Vec<&'static str>,
    pub(super) deprecated: bool,
    pub(super) idempotency: Option<String>,
    pub(super) values: Vec<Field>,
    pub(super) required: Vec<Field>,
    pub(super) constants: Vec<(Place, String, String)>,
    /// Always sent, with a value to start with.
    pub(super) preset: Vec<(Field, String)>,
    pub(super) optional: Vec<Field>,
    pub(super) needs: Vec<String>,
    pub(super) response: Response,
    /// The member of the answer that may hold all of it.
    pub(super) envelope: Option<String>,
    pub(super) paging: Option<Paging>,
    /// The hand-written request that stands for it.
    pub(super) hand: Option<String>,
}

impl Operation {
    pub(super) fn takes(&self, class: &str) -> bool {
        let fits = |token: &&str| *token == "NONE" || token.starts_with(class);
        self.tokens.is_empty() || self.tokens.iter().any(fits)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        let preset = self.preset.iter().map(|(field, _)| field);
        self.required.iter().chain(preset).chain(&self.optional)
    }
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    /// A list in one text of the query, joined by commas.
    Joined,
    Body,
    /// A number that is written as a text.
    BodyText,
    /// A pair of a form.
    Form,
    Whole,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) wire: String,
    pub(super) aliases: Vec<String>,
    pub(super) kind: Kind,
    pub(super) doc: String,
    /// Whether the document calls it required.
    pub(super) is_required: bool,
    /// Its default and its bounds, as keywords of JSON Schema.
    pub(super) facts: Vec<(&'static str, Json)>,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text,
    Bool,
    Whole,
    Number,
    Time,
    Json,
    Secret,
    Id(String),
    /// An enum or an object of this group.
    Named(String),
    /// A type of the crate, by its path.
    Hand(String),
    List(Box<Kind>),
    Map(Box<Kind>),
}

/// What an operation answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Response {
    Untyped,
    Download,
    Typed(Kind),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Object {
        fields: Vec<Field>,
        /// Whether a request holds it.
        input: bool,
        doc: String,
    },
    Enum {
        values: Vec<String>,
        doc: String,
    },
}

/// How an operation pages.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paging {
    /// The variant of `Pagination`.
    pub(super) style: String,
    /// The arguments of the macro that writes the impl.
    pub(super) arguments: String,
    pub(super) item: Kind,
    /// The field of the answer with the items; the answer is the list without it.
    pub(super) items: Option<String>,
}
