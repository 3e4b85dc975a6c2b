//! Executions, their histories and their definitions in SQLite.
//!
//! Every function uses a connection that the caller has locked, so that a caller can combine several of them
//! into one transaction.

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, named_params, params};

use super::arn;
use super::definition::Definition;
use super::execution::{Execution, Status};
use super::history::HistoryEvent;
use super::timers::{Due, Sequence};

/// An execution as it is stored.
pub(super) struct Record {
    pub(super) sequence: Sequence,
    /// The hash of its definition, which a newer definition does not replace.
    pub(super) definition: String,
    /// The time at which it is due: the end of its wait, or the beginning of its task.
    pub(super) due: Due,
    pub(super) execution: Execution,
}

const COLUMNS: &str =
    "sequence, definition, due, name, input, status, started, stopped, output, error, cause, position";

pub(super) fn prepare(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS states_definitions (
            hash TEXT PRIMARY KEY, text TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS states_executions (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, definition TEXT NOT NULL, due INTEGER NOT NULL,
            name TEXT NOT NULL, input TEXT NOT NULL, status TEXT NOT NULL, started INTEGER NOT NULL,
            stopped INTEGER, output TEXT, error TEXT, cause TEXT, position TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS states_executions_name ON states_executions (name, sequence);
        CREATE INDEX IF NOT EXISTS states_executions_status ON states_executions (status, sequence);
        CREATE TABLE IF NOT EXISTS states_history (
            sequence INTEGER NOT NULL, id INTEGER NOT NULL, event TEXT NOT NULL,
            PRIMARY KEY (sequence, id)) WITHOUT ROWID;",
    )
}

pub(super) fn remember(connection: &Connection, definition: &Definition, now: DateTime<Utc>) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO states_definitions (hash, text, created) VALUES (?1, ?2, ?3)";
    connection.execute(sql, params![definition.hash(), definition.text(), now.timestamp_millis()]).map(drop)
}

/// Returns the time at which a definition was first seen; without a hash, the time of the oldest one.
pub(super) fn defined_at(connection: &Connection, hash: Option<&str>) -> Result<DateTime<Utc>> {
    let sql = "SELECT coalesce(min(created), 0) FROM states_definitions WHERE ?1 IS NULL OR hash = ?1";
    connection.query_row(sql, [hash], |row| instant(row, 0))
}

/// Returns hash and text of the definitions that running executions need.
pub(super) fn definitions_in_use(connection: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT hash, text FROM states_definitions
        WHERE hash IN (SELECT definition FROM states_executions WHERE status = 'RUNNING')";
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) fn definition_text(connection: &Connection, hash: &str) -> Result<String> {
    connection.query_row("SELECT text FROM states_definitions WHERE hash = ?1", [hash], |row| row.get(0))
}

/// Returns the timers of all executions that have not ended.
pub(super) fn timers(connection: &Connection) -> Result<Vec<(Due, Sequence)>> {
    let sql = "SELECT due, sequence FROM states_executions WHERE status = 'RUNNING'";
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) fn insert(
    connection: &Connection,
    execution: &Execution,
    definition: &str,
    due: Due,
) -> Result<Sequence> {
    let sql = "INSERT INTO states_executions (definition, due, name, input, status, started, position)
        VALUES (?1, ?2, ?3, ?4, 'RUNNING', ?5, 'null')";
    let Execution { name, input, started, .. } = execution;
    connection.prepare_cached(sql)?.insert(params![definition, due, name, input, started.timestamp_millis()])
}

/// Stores the changes of one step. The caller commits.
pub(super) fn save(
    connection: &Connection,
    sequence: Sequence,
    execution: &Execution,
    due: Due,
    events: &[HistoryEvent],
) -> Result<()> {
    let sql =
        "UPDATE states_executions SET due = :due, status = :status, stopped = :stopped, output = :output,
        error = :error, cause = :cause, position = :position WHERE sequence = :sequence";
    let position = serde_json::to_string(&execution.position)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.prepare_cached(sql)?.execute(named_params! {
        ":due": due,
        ":status": execution.status.name(),
        ":stopped": execution.stopped.map(|at| at.timestamp_millis()),
        ":output": execution.output,
        ":error": execution.error,
        ":cause": execution.cause,
        ":position": position,
        ":sequence": sequence,
    })?;
    let mut insert =
        connection.prepare_cached("INSERT INTO states_history (sequence, id, event) VALUES (?1, ?2, ?3)")?;
    events.iter().try_for_each(|event| {
        insert.execute(params![sequence, event.id, event.to_json().to_string()]).map(drop)
    })
}

pub(super) fn load(connection: &Connection, sequence: Sequence) -> Result<Record> {
    let sql = format!("SELECT {COLUMNS} FROM states_executions WHERE sequence = ?1");
    connection.prepare_cached(&sql)?.query_row([sequence], record)
}

/// Returns the latest execution of a name; names may be reused.
pub(super) fn latest(connection: &Connection, name: &str) -> Result<Option<Record>> {
    let sql =
        format!("SELECT {COLUMNS} FROM states_executions WHERE name = ?1 ORDER BY sequence DESC LIMIT 1");
    connection.prepare_cached(&sql)?.query_row([name], record).optional()
}

/// Returns executions before `before` (all without it), newest first.
pub(super) fn list(
    connection: &Connection,
    status: Option<Status>,
    before: Option<Sequence>,
    limit: usize,
) -> Result<Vec<Record>> {
    let filter = if status.is_some() { "status = ?1" } else { "?1 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM states_executions WHERE {filter} AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement
        .query_map(params![status.map(Status::name), before.unwrap_or(i64::MAX), limit], record)?
        .collect()
}

/// Returns the events after `after` in the requested order, as AWS's JSON.
pub(super) fn events(
    connection: &Connection,
    sequence: Sequence,
    after: Option<i64>,
    reverse: bool,
    limit: usize,
) -> Result<Vec<String>> {
    let sql = if reverse {
        "SELECT event FROM states_history WHERE sequence = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
    } else {
        "SELECT event FROM states_history WHERE sequence = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    };
    let after = after.unwrap_or(if reverse { i64::MAX } else { 0 });
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.query_map(params![sequence, after, limit], |row| row.get(0))?.collect()
}

fn record(row: &Row<'_>) -> Result<Record> {
    let name: String = row.get(3)?;
    let status: String = row.get(5)?;
    let stopped: Option<i64> = row.get(7)?;
    let position: String = row.get(11)?;
    let unreadable = |column, error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error);
    Ok(Record {
        sequence: row.get(0)?,
        definition: row.get(1)?,
        due: row.get(2)?,
        execution: Execution {
            arn: arn::of_execution(&name),
            name,
            input: row.get(4)?,
            status: Status::from_name(&status)
                .ok_or_else(|| unreadable(5, format!("no status {status}").into()))?,
            started: instant(row, 6)?,
            stopped: stopped.and_then(DateTime::from_timestamp_millis),
            output: row.get(8)?,
            error: row.get(9)?,
            cause: row.get(10)?,
            position: serde_json::from_str(&position).map_err(|error| unreadable(11, error.into()))?,
        },
    })
}

fn instant(row: &Row<'_>, column: usize) -> Result<DateTime<Utc>> {
    let millis = row.get(column)?;
    DateTime::from_timestamp_millis(millis).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}
