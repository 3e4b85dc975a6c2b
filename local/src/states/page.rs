//! Pages of long results, with `maxResults` and `nextToken`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::api_error::ApiError;

/// The page of a query that a caller requests.
pub(super) struct Page {
    /// The query to which its tokens are bound, so that none is used with another query.
    query: String,
    /// The key of the last item before the page.
    pub(super) after: Option<i64>,
    size: usize,
}

impl Page {
    pub(super) fn of(query: String, max_results: Option<i64>, token: Option<&str>) -> Result<Self, ApiError> {
        let size = match max_results {
            None | Some(0) => 100,
            Some(wanted) => usize::try_from(wanted).ok().filter(|size| *size <= 1000).ok_or_else(|| {
                ApiError::Validation(format!("Value '{wanted}' at 'maxResults' failed to satisfy constraint: Member must have value between 0 and 1000"))
            })?,
        };
        let after = token.map(|token| read(token, &query).ok_or(ApiError::InvalidToken)).transpose()?;
        Ok(Self { query, after, size })
    }

    /// Returns one more than the size of the page, to find out whether there is a next page.
    pub(super) fn limit(&self) -> usize {
        self.size + 1
    }

    /// Returns a result with `items` under `name`, and the token of the next page if there is one.
    pub(super) fn answer<T>(
        &self,
        name: &str,
        mut items: Vec<T>,
        key: impl Fn(&T) -> i64,
        show: impl Fn(T) -> Value,
    ) -> Value {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let mut answer = Map::new();
        if let (true, Some(last)) = (more, items.last()) {
            let token = URL_SAFE_NO_PAD.encode(format!("{}\n{}", key(last), self.query));
            answer.insert("nextToken".to_owned(), json!(token));
        }
        answer.insert(name.to_owned(), items.into_iter().map(show).collect());
        Value::Object(answer)
    }
}

fn read(token: &str, query: &str) -> Option<i64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (key, of) = text.split_once('\n')?;
    key.parse().ok().filter(|_| of == query)
}
