//! Which operations an endpoint may mean.

use std::collections::HashMap;

use crate::endpoint::{Endpoint, Segment};

/// Endpoints by their segments. What is fixed goes before what is filled in, as in Verity's own router.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    fixed: HashMap<String, Index>,
    filled: Option<Box<Index>>,
    operations: Vec<usize>,
}

impl Index {
    pub(super) fn insert(&mut self, endpoint: &Endpoint, operation: usize) {
        let mut node = self;
        for segment in joined(endpoint) {
            node = match segment {
                Segment::Literal(text) => node.fixed.entry(text).or_default(),
                Segment::Parameter(_) => node.filled.get_or_insert_default(),
            };
        }
        if !node.operations.contains(&operation) {
            node.operations.push(operation);
        }
    }

    /// The operations of an endpoint, which may have placeholders or values in their place.
    pub(super) fn find(&self, endpoint: &Endpoint) -> &[usize] {
        self.below(&joined(endpoint)).unwrap_or_default()
    }

    fn below(&self, segments: &[Segment]) -> Option<&[usize]> {
        let Some((first, rest)) = segments.split_first() else {
            return (!self.operations.is_empty()).then_some(&self.operations);
        };
        let fixed = match first {
            Segment::Literal(text) => self.fixed.get(text).and_then(|node| node.below(rest)),
            Segment::Parameter(_) => None,
        };
        fixed.or_else(|| self.filled.as_ref()?.below(rest))
    }
}

/// The segments, with `/api` and the next in one: the catalogue writes `/apix` for `/api/x`.
fn joined(endpoint: &Endpoint) -> Vec<Segment> {
    let segments = endpoint.segments();
    match segments {
        [Segment::Literal(api), Segment::Literal(next), rest @ ..] if api == "api" => {
            let mut joined = vec![Segment::Literal(format!("api{next}"))];
            joined.extend_from_slice(rest);
            joined
        }
        _ => segments.to_vec(),
    }
}
