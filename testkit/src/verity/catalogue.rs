use serde_json::Value;

/// An endpoint that is served because a catalogue names it.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Segments; `None` for a placeholder.
    segments: Vec<Option<String>>,
    methods: Vec<String>,
    pub(crate) access: Access,
}

/// Who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Anyone,
    User,
    Admin,
}

/// The endpoints of a catalogue, as the real system has them: with the slash that the catalogue drops.
pub(crate) fn read(catalogue: &Value) -> Vec<Endpoint> {
    let listed = catalogue["endpoints"].as_array().into_iter().flatten();
    listed.filter_map(endpoint).collect()
}

fn endpoint(value: &Value) -> Option<Endpoint> {
    let path = value["path"].as_str()?;
    let rest = path.strip_prefix("/api")?;
    let rest = rest.trim_start_matches('/');
    let segments = std::iter::once("api").chain(rest.split('/'));
    let segments = segments.map(|segment| {
        let placeholder = segment.starts_with(['[', '{']);
        (!placeholder).then(|| segment.to_owned())
    });
    let methods = value["methods"].as_array().into_iter().flatten();
    let access = match value["authType"].as_str() {
        Some("none") => Access::Anyone,
        Some("requireAdmin") => Access::Admin,
        _ if value["authRequired"] == false => Access::Anyone,
        _ => Access::User,
    };
    Some(Endpoint {
        segments: segments.collect(),
        methods: methods
            .filter_map(|method| method.as_str().map(str::to_owned))
            .collect(),
        access,
    })
}

impl Endpoint {
    pub(crate) fn is_at(&self, segments: &[&str]) -> bool {
        self.segments.len() == segments.len()
            && self
                .segments
                .iter()
                .zip(segments)
                .all(|(own, given)| own.as_ref().is_none_or(|own| own == given))
    }

    pub(crate) fn takes(&self, method: &str) -> bool {
        self.methods.iter().any(|own| own == method)
    }

    /// How much of it is fixed: what is goes before what is filled in.
    pub(crate) fn fixed(&self) -> usize {
        self.segments.iter().flatten().count()
    }
}
