//! What is compared with yrs alone: formatted text, arrays, XML, undo and awareness.

/// One run of text with its formats, each a key and a value.
pub type Run = (String, Vec<(&'static str, &'static str)>);

/// A format at a place: where, how long, key and value; an empty value takes the format away.
pub type Format = (u32, u32, &'static str, &'static str);

/// A document with a text, an array and an XML fragment. Each call is a whole piece of work.
pub trait Types {
    /// Applies the runs as one delta.
    fn apply_delta(&mut self, runs: &[Run]);

    /// The number of ops of the text as a delta.
    fn delta_len(&self) -> usize;

    /// Formats, each in a transaction of its own.
    fn format(&mut self, formats: &[Format]);

    /// Inserts a word at the place of each format, with it, in transactions of their own.
    fn insert(&mut self, formats: &[Format]);

    /// Applies changes as an editor sends them: a delta that retains, inserts a word and deletes one character.
    fn edit(&mut self, formats: &[Format]);

    /// The whole document as an update v1.
    fn encode(&self) -> Vec<u8>;

    /// Applies an update v1.
    fn load(&mut self, update: &[u8]);

    /// Inserts numbers into the array at these places, each in a transaction of its own.
    fn insert_numbers(&mut self, places: &[u32]);

    /// The array, number by number.
    fn numbers(&self) -> Vec<u32>;

    /// Appends paragraphs with an attribute and a text to the fragment, each in a transaction of its own.
    fn append_paragraphs(&mut self, count: u32);

    /// The fragment as XML.
    fn xml(&self) -> String;

    /// Types a character at the end of the text so many times, each a step that can be undone.
    fn type_steps(&mut self, count: u32);

    /// Undoes all steps; how many there were.
    fn undo_all(&mut self) -> u32;

    /// Redoes all steps; how many there were.
    fn redo_all(&mut self) -> u32;

    /// The length of the text.
    fn text_len(&self) -> u32;

    /// Takes in what others show.
    fn apply_awareness(&mut self, updates: &[Vec<u8>]);

    /// How many show something, and all of them as one update.
    fn awareness(&self) -> (usize, Vec<u8>);
}
