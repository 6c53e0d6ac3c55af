//! The handles through which operations are called, and the words about them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::model::{Field, Generation, Group, Kind, Operation, Response, Type};
use super::super::names::{capital, pascal, phrase};
use super::super::overrides::Naming;
use super::super::plan::is_location;
use super::rust;

/// The name of the handle for a location, and of the one for a company.
pub(super) fn handles(group: &Group, naming: &Naming) -> (String, String) {
    let name = pascal(&group.module);
    let hand = |handle: &Option<String>| {
        handle
            .clone()
            .filter(|_| group.generation == Generation::Dated)
    };
    (
        hand(&naming.handle)
            .or_else(|| naming.name.clone())
            .unwrap_or_else(|| name.clone()),
        hand(&naming.company_handle).unwrap_or_else(|| format!("Company{name}")),
    )
}

/// An example with one operation: best one that pages, or one that reads, and whose arguments are texts.
pub(super) fn example(
    group: &Group,
    accessor: &str,
    location: &[&Operation],
    company: &[&Operation],
) -> String {
    let (operations, root, holder) = if location.is_empty() {
        (company, "client", "Client")
    } else {
        (location, "location", "Location")
    };
    let inside = root == "location";
    let module = match group.generation {
        Generation::Dated => format!("ghl_client::{}", group.module),
        Generation::V3 => format!("ghl_client::v3::{}", group.module),
    };
    let candidates = operations.iter().filter_map(|operation| {
        let given = operation.values.iter().chain(&operation.required);
        let given = given.filter(|field| !(inside && is_location(field)));
        let arguments: Option<Vec<String>> = given
            .map(|field| example_argument(group, &module, field))
            .collect();
        arguments.map(|arguments| (*operation, arguments))
    });
    let best = candidates.min_by_key(|(operation, arguments)| {
        let plain = arguments.iter().all(|argument| argument.starts_with('"'));
        let reads = operation.method == "GET";
        let typed = matches!(operation.response, Response::Typed(_));
        let rank = match (operation.paging.is_some(), reads, typed) {
            (true, true, _) => 0,
            (_, true, true) => 1,
            (_, _, true) => 2,
            (_, true, _) => 3,
            _ => 4,
        };
        (!operation.needs.is_empty(), !plain, rank)
    });
    let Some((operation, arguments)) = best else {
        return String::new();
    };
    let v3 = match group.generation {
        Generation::V3 => ".v3()",
        Generation::Dated => "",
    };
    let accessor = if inside { accessor } else { &group.module };
    let call = format!(
        "{root}{v3}.{accessor}().{}({})",
        operation.function,
        arguments.join(", ")
    );
    let usage = if operation.paging.is_some() {
        format!(
            "//! let mut items = {call}.items();\n\
             //! while let Some(item) = futures_util::TryStreamExt::try_next(&mut items).await? {{\n\
             //!     println!(\"{{item:?}}\");\n//! }}\n"
        )
    } else {
        format!("//! let answer = {call}.send().await?;\n//! println!(\"{{answer:?}}\");\n")
    };
    format!(
        "//!\n//! ```no_run\n//! # async fn demo({root}: ghl_client::{holder}) -> ghl_client::Result<()> {{\n\
         {usage}//! # Ok(()) }}\n//! ```\n"
    )
}

/// A value for an argument, as an example shows it.
fn example_argument(group: &Group, module: &str, field: &Field) -> Option<String> {
    Some(match &field.kind {
        Kind::Text | Kind::Id(_) | Kind::Secret => format!("\"{}\"", field.name.replace('_', "-")),
        Kind::Bool => "true".to_owned(),
        Kind::Whole => "1".to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::List(item) => match &**item {
            Kind::Text | Kind::Id(_) => "[\"one\", \"two\"]".to_owned(),
            Kind::Named(name) => format!("[{}]", example_value(group, module, name)?),
            _ => return None,
        },
        Kind::Named(name) => example_value(group, module, name)?,
        _ => return None,
    })
}

fn example_value(group: &Group, module: &str, name: &str) -> Option<String> {
    match group.types.get(name)? {
        Type::Object { .. } => Some(format!("{module}::{name}::new()")),
        Type::Enum { values, .. } => Some(format!("{:?}", values.first()?)),
    }
}

pub(super) fn handle(
    out: &mut String,
    group: &Group,
    name: &str,
    accessor: &str,
    operations: &[&Operation],
    of_location: bool,
    hand: bool,
) {
    let title = &group.title;
    let v3 = group.generation == Generation::V3;
    let (owner, root) = match (of_location, v3) {
        (true, false) => ("Location", "Location"),
        (true, true) => ("LocationV3<'a>", "LocationV3"),
        (false, false) => ("Client", "Client"),
        (false, true) => ("ClientV3<'a>", "ClientV3"),
    };
    let holds = if of_location { "Location" } else { "Client" };
    if !hand {
        let whose = if of_location {
            "a location"
        } else {
            "a company"
        };
        let _ = write!(
            out,
            "/// {title}, for {whose}'s token: see [`{root}::{accessor}`].\n\
             #[derive(Debug, Clone, Copy)]\n\
             pub struct {name}<'a>(pub(crate) &'a {holds});\n\n"
        );
        if v3 {
            let _ = write!(
                out,
                "impl<'a> {owner} {{\n    /// {title}.\n    #[must_use]\n    \
                 pub fn {accessor}(self) -> {name}<'a> {{\n        {name}(self.0)\n    }}\n}}\n\n"
            );
        } else {
            let _ = write!(
                out,
                "impl {owner} {{\n    /// {title}.\n    #[must_use]\n    \
                 pub fn {accessor}(&self) -> {name}<'_> {{\n        {name}(self)\n    }}\n}}\n\n"
            );
        }
    }
    let _ = writeln!(out, "impl {name}<'_> {{");
    let mut used = BTreeSet::new();
    for operation in operations {
        let mut function = operation.function.clone();
        while !used.insert(function.clone()) {
            function = format!("{}_{function}", operation.method.to_lowercase());
        }
        let mut arguments = Vec::new();
        let mut passed = Vec::new();
        for field in operation.values.iter().chain(&operation.required) {
            if of_location && is_location(field) {
                passed.push("self.0.id()".to_owned());
            } else {
                arguments.push(format!("{}: {}", field.name, argument(&field.kind)));
                passed.push(field.name.clone());
            }
        }
        let location = operation.optional.iter().find(|field| {
            of_location
                && field.wire == "locationId"
                && field.kind == Kind::Id("LocationId".to_owned())
        });
        let set =
            location.map_or_else(String::new, |field| format!(".{}(self.0.id())", field.name));
        for line in operation_doc(operation) {
            let _ = writeln!(out, "    /// {line}");
        }
        let comma = if arguments.is_empty() { "" } else { ", " };
        let _ = write!(
            out,
            "    pub fn {function}(&self{comma}{}) -> Call<{}> {{\n        self.0.call({}::new({})){set}\n    }}\n\n",
            arguments.join(", "),
            operation.request,
            operation.request,
            passed.join(", ")
        );
    }
    out.push_str("}\n\n");
}

/// The lines over a method of a handle.
fn operation_doc(operation: &Operation) -> Vec<String> {
    let mut first = format!(
        "{}: `{}`.",
        capital(&phrase(&operation.slug)),
        operation.key
    );
    if operation.paging.is_some() {
        first.push_str(" Pages with [`items`](Call::items).");
    }
    let mut lines = vec![first];
    let mut more = needs(operation);
    if operation.deprecated {
        more.push_str(" Deprecated by the provider.");
    }
    if !operation.needs.is_empty() {
        let names: Vec<String> = operation
            .needs
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = write!(more, " Must be set: {}.", names.join(", "));
    }
    if !more.is_empty() {
        lines.push(String::new());
        lines.push(more.trim().to_owned());
    }
    lines
}

/// The scopes and the tokens of an operation, in words.
pub(super) fn needs(operation: &Operation) -> String {
    let mut text = String::new();
    match operation.scopes.as_slice() {
        [] => {}
        [one] => {
            let _ = write!(text, "Scope `{one}`");
        }
        many => {
            let _ = write!(text, "Scopes `{}`", many.join("`, `"));
        }
    }
    if operation.tokens == ["NONE"] {
        return "Takes no token.".to_owned();
    }
    let tokens: Vec<&str> = operation
        .tokens
        .iter()
        .map(|token| match *token {
            "LOCATION" => "a location's",
            "LOCATION_OAUTH" => "a location's OAuth",
            "COMPANY" => "a company's",
            _ => "a company's OAuth",
        })
        .collect();
    if tokens.is_empty() {
        if !text.is_empty() {
            text.push('.');
        }
        return text;
    }
    let whose = capital(&tokens.join(" or "));
    if text.is_empty() {
        format!("{whose} token.")
    } else {
        format!("{text}; {} token.", tokens.join(" or "))
    }
}

fn argument(kind: &Kind) -> String {
    match kind {
        Kind::List(item) => format!("impl IntoIterator<Item = impl Into<{}>>", rust(item)),
        kind => format!("impl Into<{}>", rust(kind)),
    }
}
