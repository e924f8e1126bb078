return {
  url = "${DATABASE_URL:-sqlite:///app.db}",
}
