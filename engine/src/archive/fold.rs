//! Folding: what the journal holds becomes base pages, in the order in which it arrived.

use super::collect::collect;
use super::page::{names_bytes, split_front};
use super::sizes::{largest_page, largest_stored_piece};
use super::{HostLimits, PageBuilder, RowSizes};
use crate::update::{Content, Update};
use crate::values::{Error, IdSet};

/// Makes base pages out of the last page, if it is to be grown, and the updates of the journal's slots, oldest
/// first. The first page that is returned replaces `tail`, the others follow it. Each is a valid update that
/// needs nothing but the pages before it. O(bytes).
///
/// What the tail and the first `stored` of the slots delete is collected where that pays; without a number nothing is. A
/// delete that may still be lost must not take content with it, so those slots have to be in the store.
///
/// # Errors
/// If what is to be folded is no update.
pub fn fold(
    tail: Option<&[u8]>,
    slots: &[Vec<u8>],
    stored: Option<usize>,
    sizes: RowSizes,
    host: HostLimits,
) -> Result<Vec<Vec<u8>>, Error> {
    let sizes = sizes.fitting(host);
    let most = largest_page(host);
    let mut pages = Vec::new();
    let mut page = PageBuilder::default();
    let parse = |bytes: &[u8]| Update::parse_v1(bytes);
    let tail = tail.map(|tail| parse(tail).map(|update| (update, tail))).transpose()?;
    let updates = slots.iter().map(|slot| parse(slot)).collect::<Result<Vec<Update>, Error>>()?;
    // Whatever is deleted of what is folded was deleted after it came: that is told in what is folded.
    let deletes_of = |count: usize| -> IdSet {
        let all = tail.iter().map(|(update, _)| update).chain(&updates[..count]);
        all.flat_map(|update| update.deletes.iter().cloned()).collect()
    };
    let deletes = &deletes_of(updates.len());
    let dead = &stored.map(deletes_of).unwrap_or_default();
    if let Some((update, tail)) = &tail {
        page.add_update(update, tail, deletes);
    }
    let end_page = |page: &mut PageBuilder, pages: &mut Vec<Vec<u8>>| {
        if !page.is_empty() {
            let whole = page.encode();
            let collected = if holds_any(page, dead) { collect(&whole, dead, deletes, 1) } else { None };
            pages.push(collected.unwrap_or(whole));
            *page = PageBuilder::default();
        }
    };
    for (update, slot) in updates.iter().zip(slots) {
        if page.len_bytes() + slot.len() > most {
            end_page(&mut page, &mut pages);
        }
        if slot.len() <= most {
            page.add_update(update, slot, deletes);
        } else {
            add_in_pieces(update, slot, deletes, host, &mut page, &mut |page| end_page(page, &mut pages));
        }
        if page.len_bytes() >= sizes.page {
            end_page(&mut page, &mut pages);
        }
    }
    end_page(&mut page, &mut pages);
    Ok(pages)
}

/// Whether a page has structs of these ids.
fn holds_any(page: &PageBuilder, ids: &IdSet) -> bool {
    page.clients().any(|(client, from, to)| !ids.touching(client, from..to).is_empty())
}

/// Adds a slot that is too large for a page: it is one struct (the journal sees to that), cut where Yjs could.
fn add_in_pieces(
    update: &Update,
    bytes: &[u8],
    deletes: &IdSet,
    host: HostLimits,
    page: &mut PageBuilder,
    end_page: &mut dyn FnMut(&mut PageBuilder),
) {
    let most = largest_stored_piece(host);
    for of in update.structs.iter().filter(|of| of.content != Content::Skip) {
        let mut rest = Some(*of);
        while let Some(of) = rest {
            // Names may have to be repeated in each piece.
            let left = most.saturating_sub(page.len_bytes() + names_bytes(&of, bytes));
            let (front, behind) = split_front(&of, bytes, left);
            if !page.is_empty() && (left < most / 4 || front.payload.of(bytes).len() > left) {
                end_page(page);
                continue;
            }
            page.add_struct(&front, bytes, 0..front.len, deletes);
            rest = behind;
        }
    }
    for (client, range) in &update.deletes {
        if page.len_bytes() > most {
            end_page(page);
        }
        page.add_delete(*client, range.clone());
    }
}
