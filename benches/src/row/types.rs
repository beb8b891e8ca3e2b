//! Rows about formatted text, arrays, XML, undo and awareness, against yrs.

use super::Part;
use crate::peer::{Format, Peer, Run, Types};
use crate::work as part;
use anyhow::ensure;
use merganser::ClientId;
use merganser::awareness::Awareness;
use merganser_instructions::random::Random;

/// What is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A formatted document of so many bytes inserted as one delta.
    ApplyDelta(usize),
    /// Read back as a delta.
    ToDelta(usize),
    /// Loaded from an update.
    LoadFormatted(usize),
    /// Encoded.
    EncodeFormatted(usize),
    /// 1,000 ranges of it formatted.
    Format(usize),
    /// 1,000 formatted words inserted into it.
    InsertFormatted(usize),
    /// 1,000 changes as an editor sends them.
    EditFormatted(usize),
    /// Numbers appended to an array.
    AppendNumbers,
    /// Numbers inserted into an array at random places.
    InsertNumbers,
    /// An array loaded.
    LoadNumbers,
    /// Paragraphs appended to a fragment.
    AppendParagraphs,
    /// A fragment loaded and written as XML.
    LoadXml,
    /// Steps typed that can be undone.
    TypeSteps,
    /// Steps undone.
    Undo,
    /// Steps redone.
    Redo,
    /// Clients who show something.
    Awareness,
}

/// Edits of a formatted document.
pub(super) const EDITS: usize = 1_000;
/// Numbers that are appended, and loaded.
pub(super) const NUMBERS: u32 = 100_000;
/// Numbers that are inserted at random places: yrs walks to each.
pub(super) const INSERTED_NUMBERS: u32 = 10_000;
/// Paragraphs of a fragment.
pub(super) const PARAGRAPHS: u32 = 10_000;
/// Steps undone.
pub(super) const STEPS: u32 = 10_000;
/// Clients who show something.
pub(super) const CLIENTS: u32 = 1_000;

/// A document of about so many bytes: sentences in paragraphs, of which about every third run is formatted, as in a
/// page that people have written together.
pub(super) fn document(bytes: usize) -> Vec<Run> {
    const WORDS: [&str; 8] = ["the ", "mergansers ", "dive ", "for ", "fish ", "in ", "cold ", "rivers. "];
    const FORMATS: [&[(&str, &str)]; 5] = [
        &[("bold", "true")],
        &[("italic", "true")],
        &[("bold", "true"), ("color", "#2b6cb0")],
        &[("link", "https://example.org/ducks")],
        &[("code", "true")],
    ];
    let (mut runs, mut written, mut random) = (Vec::new(), 0, Random::new(1));
    while written < bytes {
        let count = 2 + random.below(14);
        let text: String = (0..count).map(|_| WORDS[random.below(8) as usize]).collect();
        written += text.len();
        let formats = if random.below(3) == 0 { FORMATS[random.below(5) as usize].to_vec() } else { Vec::new() };
        runs.push((text, formats));
        if random.below(6) == 0 {
            runs.push(("\n".into(), vec![("header", "2")]));
        }
    }
    runs
}

/// Random formats of a text of this length.
pub(super) fn formats(len: u32) -> Vec<Format> {
    const ALL: [(&str, &str); 5] =
        [("bold", "true"), ("bold", ""), ("italic", "true"), ("color", "#c53030"), ("color", "")];
    let mut random = Random::new(2);
    let one = |random: &mut Random| {
        let (key, value) = ALL[random.below(5) as usize];
        (random.below(len - 60), 1 + random.below(50), key, value)
    };
    (0..EDITS).map(|_| one(&mut random)).collect()
}

pub(super) fn len(runs: &[Run]) -> u32 {
    runs.iter().map(|(text, _)| text.len() as u32).sum()
}

pub(super) fn work<P: Peer>(of: Work) -> Part {
    P::types()?;
    Ok(match of {
        Work::ApplyDelta(bytes) | Work::ToDelta(bytes) | Work::LoadFormatted(bytes) | Work::EncodeFormatted(bytes) => {
            formatted::<P>(of, &document(bytes))
        }
        Work::Format(bytes) => edited::<P>(&document(bytes), |types, formats| types.format(formats)),
        Work::InsertFormatted(bytes) => edited::<P>(&document(bytes), |types, formats| types.insert(formats)),
        Work::EditFormatted(bytes) => edited::<P>(&document(bytes), |types, formats| types.edit(formats)),
        Work::AppendNumbers => numbers::<P>((0..NUMBERS).collect()),
        Work::InsertNumbers => numbers::<P>(random_places(7, INSERTED_NUMBERS)),
        Work::LoadNumbers => load_numbers::<P>(),
        Work::AppendParagraphs => append_paragraphs::<P>(),
        Work::LoadXml => load_xml::<P>(),
        Work::TypeSteps => steps::<P>(|_| {}, |types| types.type_steps(STEPS), STEPS),
        Work::Undo => steps::<P>(|types| types.type_steps(STEPS), |types| assert_eq!(types.undo_all(), STEPS), 0),
        Work::Redo => {
            let undone = |types: &mut dyn Types| {
                types.type_steps(STEPS);
                types.undo_all();
            };
            steps::<P>(undone, |types| assert_eq!(types.redo_all(), STEPS), STEPS)
        }
        Work::Awareness => awareness::<P>(),
    })
}

fn empty<P: Peer>() -> Box<dyn Types> {
    P::types().expect("it has types")
}

pub(super) fn made<P: Peer>(make: impl FnOnce(&mut dyn Types)) -> Box<dyn Types> {
    let mut types = empty::<P>();
    make(&mut *types);
    types
}

fn formatted<P: Peer>(of: Work, runs: &[Run]) -> Box<dyn part::Work> {
    let (runs, len) = (runs.to_vec(), len(runs));
    // Both engines load the same bytes and are to find the same in them.
    let ours = made::<crate::peer::Merganser>(|types| types.apply_delta(&runs));
    let (update, ops) = (ours.encode(), ours.delta_len());
    let begin_update = update.clone();
    let is_there = !matches!(of, Work::ApplyDelta(_) | Work::LoadFormatted(_));
    part::work(
        move || {
            made::<P>(|types| {
                if is_there {
                    types.load(&begin_update)
                }
            })
        },
        move |mut types| {
            let bytes = match of {
                Work::ApplyDelta(_) => {
                    types.apply_delta(&runs);
                    None
                }
                Work::LoadFormatted(_) => {
                    types.load(&update);
                    None
                }
                Work::EncodeFormatted(_) => Some(types.encode().len()),
                _ => {
                    assert_eq!(types.delta_len(), ops);
                    None
                }
            };
            (types, bytes)
        },
        move |(types, bytes)| {
            ensure!(types.text_len() == len && types.delta_len() == ops, "another document");
            Ok(*bytes)
        },
    )
}

fn edited<P: Peer>(runs: &[Run], edit: fn(&mut dyn Types, &[Format])) -> Box<dyn part::Work> {
    let formats = formats(len(runs));
    let update = made::<crate::peer::Merganser>(|types| types.apply_delta(runs)).encode();
    let expected = made::<crate::peer::Merganser>(|types| {
        types.load(&update);
        edit(types, &formats);
    });
    let expected_len = expected.text_len();
    part::work(
        move || made::<P>(|types| types.load(&update)),
        move |mut types| {
            edit(&mut *types, &formats);
            types
        },
        move |types| {
            ensure!(types.text_len() == expected_len, "another length");
            Ok(None)
        },
    )
}

/// Random places of an array that grows by one number at each.
pub(super) fn random_places(seed: u64, count: u32) -> Vec<u32> {
    let mut random = Random::new(seed);
    (0..count).map(|len| random.below(len + 1)).collect()
}

/// Where each number ends up.
fn expected(places: &[u32]) -> Vec<u32> {
    let mut numbers = Vec::with_capacity(places.len());
    places.iter().zip(0..).for_each(|(at, number)| numbers.insert(*at as usize, number));
    numbers
}

fn numbers<P: Peer>(places: Vec<u32>) -> Box<dyn part::Work> {
    let expected = expected(&places);
    part::work(
        || empty::<P>(),
        move |mut types| {
            types.insert_numbers(&places);
            types
        },
        move |types| {
            ensure!(types.numbers() == expected, "other numbers");
            Ok(None)
        },
    )
}

fn load_numbers<P: Peer>() -> Box<dyn part::Work> {
    let places = random_places(8, NUMBERS);
    let (expected, update) =
        (expected(&places), made::<crate::peer::Merganser>(|types| types.insert_numbers(&places)).encode());
    part::work(
        || empty::<P>(),
        move |mut types| {
            types.load(&update);
            types
        },
        move |types| {
            ensure!(types.numbers() == expected, "other numbers");
            Ok(None)
        },
    )
}

fn xml() -> String {
    (0..PARAGRAPHS).map(|number| format!("<p class=\"duck\">duck {number}</p>")).collect()
}

fn append_paragraphs<P: Peer>() -> Box<dyn part::Work> {
    part::work(
        || empty::<P>(),
        |mut types| {
            types.append_paragraphs(PARAGRAPHS);
            types
        },
        |types| {
            ensure!(types.xml() == xml(), "other XML");
            Ok(None)
        },
    )
}

fn load_xml<P: Peer>() -> Box<dyn part::Work> {
    let update = made::<crate::peer::Merganser>(|types| types.append_paragraphs(PARAGRAPHS)).encode();
    part::work(
        || empty::<P>(),
        move |mut types| {
            types.load(&update);
            let xml = types.xml();
            (types, xml)
        },
        |(_, written)| {
            ensure!(*written == xml(), "other XML");
            Ok(None)
        },
    )
}

fn steps<P: Peer>(before: fn(&mut dyn Types), run: fn(&mut dyn Types), len: u32) -> Box<dyn part::Work> {
    part::work(
        move || made::<P>(before),
        move |mut types| {
            run(&mut *types);
            types
        },
        move |types| {
            ensure!(types.text_len() == len, "another text");
            Ok(None)
        },
    )
}

/// Each client shows something for the first time.
pub(super) fn shown() -> Vec<Vec<u8>> {
    let show = |client: u32| {
        let state = format!(r##"{{"user":{{"name":"duck","color":"#2b6cb0"}},"cursor":{client}}}"##);
        let client = ClientId::from(10 + client);
        let mut awareness = Awareness::new(client, 0);
        awareness.set_local_state(Some(&state), 0).expect("JSON");
        awareness.encode_update([client])
    };
    (0..CLIENTS).map(show).collect()
}

/// One takes in what all show and tells a newcomer of it.
fn awareness<P: Peer>() -> Box<dyn part::Work> {
    let updates = shown();
    let apply = move |mut types: Box<dyn Types>| {
        types.apply_awareness(&updates);
        let shown = types.awareness();
        (types, shown)
    };
    part::work(
        || empty::<P>(),
        apply,
        // The one who takes it in may show something, too.
        |(_, (shown, _))| {
            ensure!([CLIENTS as usize, CLIENTS as usize + 1].contains(shown), "somebody is missing");
            Ok(None)
        },
    )
}
