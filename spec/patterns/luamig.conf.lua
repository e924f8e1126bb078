return { url = "sqlite::memory:" }
