//! The SQLite file: its tables, and the rows of one document in them.

use super::StoredDocument;
use super::lock::FolderLock;
use merganser::archive::{HostLimits, RowKey, RowWrite, StoreError};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

const FILE: &str = "documents.sqlite";
/// What the tables below are; a file with a higher number was written by a later version.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = "
    CREATE TABLE document (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE row (
        document INTEGER NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (document, key)
    ) STRICT, WITHOUT ROWID;
";
/// Prepared statements that are kept: all that there are.
const STATEMENTS: usize = 16;

/// Why the data folder can't be used.
#[derive(Debug)]
pub enum OpenError {
    /// The folder or a file in it can't be made or opened for writing.
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// Another server uses it.
    InUse(PathBuf),
    /// The database can't be read or written.
    Database {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
    /// The database was made by a later version of the program.
    NewerVersion(PathBuf),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::File { path, cause } => write!(f, "cannot write to {}: {cause}", path.display()),
            OpenError::InUse(path) => write!(f, "another server uses the data folder {}", path.display()),
            OpenError::Database { path, cause } => write!(f, "cannot use the database {}: {cause}", path.display()),
            OpenError::NewerVersion(path) => {
                write!(f, "the database {} was written by a newer version of merganser", path.display())
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// The open file. What it does between `begin` and `commit` is one transaction.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    _lock: FolderLock,
}

impl Database {
    /// Opens the database of a data folder, making both if they are not there.
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|cause| OpenError::File { path: folder.to_path_buf(), cause })?;
        let lock = FolderLock::take(folder)?;
        let path = folder.join(FILE);
        let connection = open_connection(&path).map_err(|cause| OpenError::Database { path: path.clone(), cause })?;
        // A file without the right to write is opened all the same.
        if connection.is_readonly("main").unwrap_or(true) {
            return Err(OpenError::File { path, cause: io::ErrorKind::ReadOnlyFilesystem.into() });
        }
        match prepare_schema(&connection) {
            Ok(true) => Ok(Database { connection, _lock: lock }),
            Ok(false) => Err(OpenError::NewerVersion(path)),
            Err(cause) => Err(OpenError::Database { path, cause }),
        }
    }

    /// The largest row and batch. SQLite itself takes more; rows of this size fit every other store, too.
    pub(super) fn limits() -> HostLimits {
        HostLimits::default()
    }

    /// Begins a transaction.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.run("BEGIN")
    }

    /// Makes the transaction last, on the disk. If it fails, nothing of the transaction is left.
    pub(super) fn commit(&self) -> Result<(), StoreError> {
        let committed = self.run("COMMIT");
        if committed.is_err() {
            self.roll_back();
        }
        committed
    }

    /// Drops the transaction.
    pub(super) fn roll_back(&self) {
        // SQLite ends a transaction by itself after some errors.
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    /// The number of a document that has rows.
    pub(super) fn find_number(&self, document: &StoredDocument) -> Result<Option<i64>, StoreError> {
        if let Some(number) = document.number.get() {
            return Ok(Some(*number));
        }
        let mut statement = self.prepare("SELECT number FROM document WHERE name = ?1")?;
        statement.query_row([document.name()], |row| row.get(0)).optional().map_err(store_error)
    }

    /// The rows of a document with keys in this range, in key order.
    pub(super) fn read(
        &self,
        document: i64,
        keys: &RangeInclusive<RowKey>,
    ) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let mut statement =
            self.prepare("SELECT key, bytes FROM row WHERE document = ?1 AND key BETWEEN ?2 AND ?3 ORDER BY key")?;
        let range = params![document, keys.start().to_integer(), keys.end().to_integer()];
        let mut found = statement.query(range).map_err(store_error)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(store_error)? {
            let integer: i64 = row.get(0).map_err(store_error)?;
            let key = RowKey::from_integer(integer)
                .ok_or_else(|| StoreError::Failed(format!("a row has the key {integer}, which means nothing")))?;
            rows.push((key, row.get(1).map_err(store_error)?));
        }
        Ok(rows)
    }

    /// Carries out a document's batch, whole or not at all, whatever becomes of the rest of the transaction.
    /// Returns the document's number.
    pub(super) fn write(&self, document: &StoredDocument, batch: &[RowWrite]) -> Result<i64, StoreError> {
        let limits = Self::limits();
        let is_too_large = |change: &RowWrite| matches!(change, RowWrite::Put(_, row) if row.len() > limits.row_bytes);
        if batch.len() > limits.batch_rows || batch.iter().any(is_too_large) {
            return Err(StoreError::TooLarge);
        }
        self.run("SAVEPOINT batch")?;
        let written = self.write_rows(document, batch);
        if written.is_err() && !self.connection.is_autocommit() {
            self.run("ROLLBACK TO batch")?;
        }
        if !self.connection.is_autocommit() {
            self.run("RELEASE batch")?;
        }
        written
    }

    /// Deletes a document with all its rows.
    pub(super) fn delete(&self, document: &StoredDocument) -> Result<(), StoreError> {
        if let Some(number) = self.find_number(document)? {
            self.prepare("DELETE FROM row WHERE document = ?1")?.execute([number]).map_err(store_error)?;
            self.prepare("DELETE FROM document WHERE number = ?1")?.execute([number]).map_err(store_error)?;
        }
        Ok(())
    }

    /// Whether an error has ended the transaction already.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn write_rows(&self, document: &StoredDocument, batch: &[RowWrite]) -> Result<i64, StoreError> {
        let number = match self.find_number(document)? {
            Some(number) => number,
            None => self.add_document(document.name())?,
        };
        for change in batch {
            match change {
                RowWrite::Put(key, bytes) => self
                    .prepare("INSERT OR REPLACE INTO row (document, key, bytes) VALUES (?1, ?2, ?3)")?
                    .execute(params![number, key.to_integer(), bytes]),
                RowWrite::Delete(key) => self
                    .prepare("DELETE FROM row WHERE document = ?1 AND key = ?2")?
                    .execute(params![number, key.to_integer()]),
            }
            .map_err(store_error)?;
        }
        Ok(number)
    }

    fn add_document(&self, name: &str) -> Result<i64, StoreError> {
        self.prepare("INSERT INTO document (name) VALUES (?1)")?.insert([name]).map_err(store_error)
    }

    fn run(&self, statement: &'static str) -> Result<(), StoreError> {
        self.prepare(statement)?.execute([]).map(|_| ()).map_err(store_error)
    }

    fn prepare(&self, statement: &'static str) -> Result<rusqlite::CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(statement).map_err(store_error)
    }
}

fn open_connection(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // The log is synchronised at each commit: what was answered as stored outlives a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Makes the tables in an empty file; `false` if they are those of a later version.
fn prepare_schema(connection: &Connection) -> Result<bool, rusqlite::Error> {
    match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        0 => {
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
            Ok(true)
        }
        version => Ok(version <= SCHEMA_VERSION),
    }
}

fn store_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::Full(error.to_string())
        }
        Some(ErrorCode::TooBig) => StoreError::TooLarge,
        _ => StoreError::Failed(error.to_string()),
    }
}
