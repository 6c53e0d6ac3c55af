use integrations_core::catalog::CatalogOperation;

/// Which operations are offered as tools: all of them, unless something is said.
///
/// ```
/// use http::Method;
/// use integrations_core::catalog::CatalogOperation;
/// use integrations_mcp::Filter;
///
/// let filter = Filter::new().allow("contacts").allow("calendars_get_*").deny("*_delete_*").read_only(true);
/// assert!(filter.admits(&CatalogOperation::new("contacts_get_contact", Method::GET, "/contacts/{id}")));
/// assert!(!filter.admits(&CatalogOperation::new("contacts_create_contact", Method::POST, "/contacts/")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    allow: Vec<String>,
    deny: Vec<String>,
    read_only: bool,
}

impl Filter {
    /// Lets everything through.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds operations to those that are let through: with the first such call, nothing else is.
    ///
    /// A pattern is a name, in which `*` stands for any characters and `?` for one, or the first words of a name:
    /// `contacts` lets through `contacts` and all that starts with `contacts_`. With a `!` in front it takes away.
    #[must_use]
    pub fn allow(mut self, pattern: impl Into<String>) -> Self {
        let pattern = pattern.into();
        match pattern.strip_prefix('!') {
            Some(denied) => self.deny.push(denied.to_owned()),
            None => self.allow.push(pattern),
        }
        self
    }

    /// Takes operations away, whatever else lets them through.
    #[must_use]
    pub fn deny(mut self, pattern: impl Into<String>) -> Self {
        self.deny.push(pattern.into());
        self
    }

    /// Lets through only what changes nothing.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Whether an operation is let through.
    #[must_use]
    pub fn admits(&self, operation: &CatalogOperation) -> bool {
        let any = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| names(pattern, &operation.name))
        };
        (!self.read_only || operation.is_read_only())
            && (self.allow.is_empty() || any(&self.allow))
            && !any(&self.deny)
    }

    /// The patterns that name no operation at all, which is a slip of the hand.
    pub(crate) fn idle<'f>(&'f self, operations: &[CatalogOperation]) -> Vec<&'f str> {
        let patterns = self.allow.iter().chain(&self.deny);
        patterns
            .filter(|pattern| {
                !operations
                    .iter()
                    .any(|operation| names(pattern, &operation.name))
            })
            .map(String::as_str)
            .collect()
    }
}

fn names(pattern: &str, name: &str) -> bool {
    if pattern.contains(['*', '?']) {
        return matches(pattern.as_bytes(), name.as_bytes());
    }
    name.strip_prefix(pattern)
        .is_some_and(|rest| rest.is_empty() || (rest.starts_with('_') && !pattern.is_empty()))
}

/// Takes time in proportion to both lengths at most: only the last star is ever tried again.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                in_name += 1;
            }
            Some(wanted) if *wanted == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((of_star, from)) = star else {
                    return false;
                };
                star = Some((of_star, from + 1));
                at = of_star + 1;
                in_name = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn patterns_name_whole_names_domains_and_globs() {
        for (pattern, name, wanted) in [
            ("contacts", "contacts", true),
            ("contacts", "contacts_get", true),
            ("contacts", "contactsx_get", false),
            ("contacts_get", "contacts_get", true),
            ("contacts_get", "contacts_get_contact", true),
            ("", "contacts", false),
            ("*", "contacts", true),
            ("*_get_*", "contacts_get_contact", true),
            ("*_get_*", "contacts_get", false),
            ("c*s_?et", "contacts_get", true),
            ("c*s_?et", "contacts_set", true),
            ("c*s_?et", "contacts_et", false),
            ("**a", "bba", true),
            ("a*", "", false),
        ] {
            assert_eq!(names(pattern, name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!names(&pattern, &"a".repeat(5000)));
    }

    #[test]
    fn what_is_denied_stays_out_and_reads_are_told() {
        let read = CatalogOperation::new("contacts_get", Method::GET, "/c");
        let gone = CatalogOperation::new("contacts_delete", Method::DELETE, "/c");
        let filter = Filter::new().allow("contacts").allow("!*_delete");
        assert!(filter.admits(&read) && !filter.admits(&gone));
        let filter = Filter::new().read_only(true);
        assert!(filter.admits(&read) && !filter.admits(&gone));
        assert_eq!(
            Filter::new().allow("kontacts").idle(&[read, gone]),
            ["kontacts"]
        );
    }
}
