//! Holds the order of the folders in `src/lib.rs`: none imports from one further up.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `src`, from the lowest to the highest.
const FOLDERS: [&str; 8] = ["store", "runtime", "states", "gateway", "providers", "aws", "admin", "serve"];

#[test]
fn no_file_imports_from_a_folder_further_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (height, folder) in FOLDERS.iter().enumerate() {
        let files = files_of(&root, folder);
        assert!(!files.is_empty(), "{folder} is not a folder of src");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for higher in &FOLDERS[height + 1..] {
                assert!(!text.contains(&format!("crate::{higher}")), "{} imports {higher}", file.display());
            }
        }
    }
}

/// Returns the files of a folder and the file that declares its modules.
fn files_of(root: &Path, folder: &str) -> Vec<PathBuf> {
    let mut files = vec![root.join(folder).with_extension("rs")];
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
}
