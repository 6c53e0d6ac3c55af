//! The provider's many ways to page, behind one [`Paged`](crate::Paged).

use integrations_core::Result;
use integrations_core::paging::Cursor;

use crate::endpoint::foreign_cursor;

/// How an operation pages, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pagination {
    /// All at once.
    None,
    /// `skip` and `limit`: how many to pass over.
    Skip,
    /// `offset` and `limit`: how many to pass over.
    Offset,
    /// The number of the page.
    Page,
    /// `startAfter` and `startAfterId`, or `startAfterDate`: the last one's date and id.
    StartAfter,
    /// `searchAfter`: the sort values of the last one.
    SearchAfter,
    /// A text that the page before gave.
    Cursor,
    /// The id of the last one.
    LastId,
}

/// A field with the position or number of a page.
pub(crate) trait PageField {
    fn number(&self) -> Option<i64>;
    /// `None` when the field cannot hold the number.
    fn set_number(&mut self, number: i64) -> Option<()>;
}

impl PageField for i64 {
    fn number(&self) -> Option<i64> {
        Some(*self)
    }

    fn set_number(&mut self, number: i64) -> Option<()> {
        *self = number;
        Some(())
    }
}

impl<N: Copy + Into<i64> + TryFrom<i64>> PageField for Option<N> {
    fn number(&self) -> Option<i64> {
        self.map(Into::into)
    }

    fn set_number(&mut self, number: i64) -> Option<()> {
        *self = Some(number.try_into().ok()?);
        Some(())
    }
}

/// Reads a cursor that is a number into its field.
pub(crate) fn set_number(field: &mut impl PageField, cursor: &Cursor) -> Result<()> {
    let number = cursor.as_str().parse().ok();
    number
        .and_then(|number| field.set_number(number))
        .ok_or_else(foreign_cursor)
}

/// What is known of a page, to tell whether another one follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// How many items it has.
    pub(crate) got: usize,
    /// How many were asked for.
    pub(crate) size: Option<i64>,
    /// How many come when none are asked for, where that is documented.
    pub(crate) default: Option<i64>,
    /// How many there are in all, as the answer says.
    pub(crate) total: Option<u64>,
}

impl Seen {
    /// Whether it is the last page, when this many items end with it.
    ///
    /// Where the size of a page is not documented, only an empty page is the last one, or a short one that all there are
    /// end with: the provider may cap a page below what was asked for, and a request too many is better than a page too
    /// few.
    fn is_last(self, end: i64) -> bool {
        if let Some(default) = self.default {
            return !is_full(self.size, default, self.got);
        }
        let is_short = match (self.size, i64::try_from(self.got)) {
            (Some(size), Ok(got)) => got < size,
            _ => false,
        };
        let is_end = self
            .total
            .is_some_and(|total| total > 0 && u64::try_from(end).is_ok_and(|end| end >= total));
        self.got == 0 || is_short && is_end
    }
}

/// The position behind a page, unless it was the last one.
pub(crate) fn next_position(start: Option<i64>, seen: Seen) -> Option<Cursor> {
    let got = i64::try_from(seen.got).unwrap_or(i64::MAX);
    let end = start.unwrap_or(0).saturating_add(got);
    (!seen.is_last(end)).then(|| Cursor::new(end.to_string()))
}

/// The number of the next page, unless this was the last one. `before` pages come before it.
pub(crate) fn next_number(page: i64, before: i64, seen: Seen) -> Option<Cursor> {
    let got = i64::try_from(seen.got).unwrap_or(i64::MAX);
    let size = seen.size.unwrap_or(0);
    let end = before.saturating_mul(size).saturating_add(got);
    (!seen.is_last(end)).then(|| Cursor::new(page.saturating_add(1).to_string()))
}

/// Whether a page of `got` items may have one behind it.
///
/// A provider may give fewer items than it was asked for, so only a page that is smaller than the default size as well
/// is taken as the last one.
pub(crate) fn is_full(size: Option<impl Into<i64>>, default: i64, got: usize) -> bool {
    let full = size.map_or(default, Into::into).min(default);
    got > 0 && i64::try_from(got).is_ok_and(|got| got >= full)
}

/// How many there are in all, as far as the answer says so.
pub(crate) fn total(total: Option<i64>) -> Option<u64> {
    total.and_then(|total| u64::try_from(total).ok())
}

/// Writes the [`Paged`](crate::Paged) of a request: `Request: Item = field of the answer; how`.
///
/// `whole` for the field says that the answer is the list. How: `position field, size` counts items, `number field from
/// first, size` counts pages, `token field from path.in.answer` hands on a text (`while` a field of the answer is true),
/// `after date, id from meta` the two values of the last item; size is `none` when the operation has no such field.
/// Behind it, `or 20` is the documented size of a page that none was asked for, and `of field` how many there are.
macro_rules! paged {
    ($request:ident: $item:ty = $($items:ident).+; position $start:ident, $size:ident
        $(or $default:literal)? $(of $total:ident)?) => {
        impl $crate::Paged for $request {
            type Item = $item;

            fn set_cursor(&mut self, cursor: &integrations_core::paging::Cursor) -> $crate::Result<()> {
                $crate::pagination::set_number(&mut self.$start, cursor)
            }

            fn page(&self, response: Self::Response) -> integrations_core::paging::Page<$item> {
                let items = $crate::pagination::items!(response $($items).+);
                let start = $crate::pagination::PageField::number(&self.$start);
                let seen = $crate::pagination::Seen {
                    got: items.len(),
                    size: $crate::pagination::size!(self $size),
                    default: $crate::pagination::default_size!($($default)?),
                    total: $crate::pagination::total_of!(response $($total)?),
                };
                let next = $crate::pagination::next_position(start, seen);
                integrations_core::paging::Page::new(items, next).with_total(seen.total)
            }
        }
    };
    ($request:ident: $item:ty = $($items:ident).+; number $page:ident from $first:literal, $size:ident
        $(of $total:ident)?) => {
        impl $crate::Paged for $request {
            type Item = $item;

            fn set_cursor(&mut self, cursor: &integrations_core::paging::Cursor) -> $crate::Result<()> {
                $crate::pagination::set_number(&mut self.$page, cursor)
            }

            fn page(&self, response: Self::Response) -> integrations_core::paging::Page<$item> {
                let items = $crate::pagination::items!(response $($items).+);
                let page = $crate::pagination::PageField::number(&self.$page).unwrap_or($first);
                let seen = $crate::pagination::Seen {
                    got: items.len(),
                    size: $crate::pagination::size!(self $size),
                    default: None,
                    total: $crate::pagination::total_of!(response $($total)?),
                };
                let next = $crate::pagination::next_number(page, page.saturating_sub($first), seen);
                integrations_core::paging::Page::new(items, next).with_total(seen.total)
            }
        }
    };
    ($request:ident: $item:ty = $($items:ident).+; token $field:ident from $($path:ident).+ $(while $more:ident)?) => {
        impl $crate::Paged for $request {
            type Item = $item;

            fn set_cursor(&mut self, cursor: &integrations_core::paging::Cursor) -> $crate::Result<()> {
                self.$field = Some(cursor.as_str().into());
                Ok(())
            }

            fn page(&self, response: Self::Response) -> integrations_core::paging::Page<$item> {
                let token = $crate::pagination::deep!(response $($path).+);
                let token = token.map(|token| token.to_string()).filter(|token| !token.is_empty());
                $(let token = token.filter(|_| response.$more == Some(true));)?
                let items = $crate::pagination::items!(response $($items).+);
                let next = token.filter(|_| !items.is_empty());
                integrations_core::paging::Page::new(items, next.map(integrations_core::paging::Cursor::new))
            }
        }
    };
    ($request:ident: $item:ty = $($items:ident).+; after $date:ident, $id:ident from $meta:ident) => {
        impl $crate::Paged for $request {
            type Item = $item;

            fn set_cursor(&mut self, cursor: &integrations_core::paging::Cursor) -> $crate::Result<()> {
                let (date, id) = cursor.as_str().split_once(' ').ok_or_else($crate::endpoint::foreign_cursor)?;
                self.$date = Some(date.parse().map_err(|_| $crate::endpoint::foreign_cursor())?);
                self.$id = Some(id.into());
                Ok(())
            }

            fn page(&self, response: Self::Response) -> integrations_core::paging::Page<$item> {
                let next = response.$meta.as_ref().and_then(|meta| {
                    let (date, id) = (meta.$date.as_ref()?, meta.$id.as_ref()?);
                    Some(integrations_core::paging::Cursor::new(format!("{date} {id}")))
                });
                let items = $crate::pagination::items!(response $($items).+);
                let next = next.filter(|_| !items.is_empty());
                integrations_core::paging::Page::new(items, next)
            }
        }
    };
}
pub(crate) use paged;

macro_rules! items {
    ($response:ident whole) => {
        $response.0
    };
    ($response:ident $items:ident) => {
        $response.$items
    };
    ($response:ident $object:ident . $items:ident) => {
        $response
            .$object
            .map(|object| object.$items)
            .unwrap_or_default()
    };
}
pub(crate) use items;

macro_rules! default_size {
    () => {
        None
    };
    ($size:literal) => {
        Some($size)
    };
}
pub(crate) use default_size;

macro_rules! total_of {
    ($response:ident) => {
        None
    };
    ($response:ident $total:ident) => {
        $crate::pagination::total($response.$total)
    };
}
pub(crate) use total_of;

macro_rules! size {
    ($request:ident none) => {
        None
    };
    ($request:ident $size:ident) => {
        $crate::pagination::PageField::number(&$request.$size)
    };
}
pub(crate) use size;

/// A text deep in the answer: `Option<String>`.
macro_rules! deep {
    ($response:ident $field:ident) => {
        $response.$field.clone()
    };
    ($response:ident $object:ident . $field:ident) => {
        $response
            .$object
            .as_ref()
            .and_then(|object| object.$field.clone())
    };
}
pub(crate) use deep;

#[cfg(test)]
mod tests {
    #![allow(missing_docs, clippy::unwrap_used)]
    use integrations_core::paging::Cursor;

    use super::{Seen, is_full, next_number, next_position, set_number, total};

    #[test]
    fn a_cursor_is_a_number_that_its_field_can_hold() {
        let mut position = Some(7_u32);
        for foreign in ["", "x", "-1", "4294967296", "1.5", "99999999999999999999"] {
            set_number(&mut position, &Cursor::new(foreign)).unwrap_err();
            assert_eq!(position, Some(7), "{foreign}");
        }
        set_number(&mut position, &Cursor::new("4294967295")).unwrap();
        assert_eq!(position, Some(u32::MAX));
        let mut number = 0_i64;
        set_number(&mut number, &Cursor::new("4294967296")).unwrap();
        assert_eq!(number, 4_294_967_296);
    }

    #[test]
    fn without_a_documented_size_the_last_page_is_empty_or_ends_all_there_are() {
        let seen = |got, size, total| Seen {
            got,
            size,
            default: None,
            total,
        };
        for (seen, next) in [
            (seen(0, None, None), None),
            (seen(3, None, None), Some("13")),
            (seen(3, Some(20), None), Some("13")),
            // The provider caps pages at five, and an item that is null was left out.
            (seen(4, Some(100), Some(500)), Some("14")),
            (seen(3, Some(20), Some(13)), None),
            (seen(3, Some(20), Some(0)), Some("13")),
            // A page's own count, called the total.
            (seen(20, Some(20), Some(20)), Some("30")),
            (seen(3, None, Some(3)), Some("13")),
        ] {
            let cursor = next_position(Some(10), seen);
            assert_eq!(cursor.as_ref().map(Cursor::as_str), next, "{seen:?}");
        }
        let last = seen(3, Some(20), Some(43));
        assert_eq!(next_number(3, 2, last), None);
        assert_eq!(next_number(2, 1, last).unwrap().as_str(), "3");
    }

    #[test]
    fn a_page_is_the_last_one_when_it_is_smaller_than_asked_for_and_than_usual() {
        for (size, got, full) in [
            (None, 0, false),
            (None, 24, false),
            (None, 25, true),
            (Some(5_u32), 4, false),
            (Some(5), 5, true),
            // Asked for more than the provider gives at once.
            (Some(1000), 24, false),
            (Some(1000), 25, true),
            (Some(0), 0, false),
        ] {
            assert_eq!(is_full(size, 25, got), full, "{size:?} {got}");
        }
        assert_eq!(
            (total(Some(3)), total(Some(-1)), total(None)),
            (Some(3), None, None)
        );
    }
}
