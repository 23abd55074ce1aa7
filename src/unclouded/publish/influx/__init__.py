"""Readings as line protocol, which InfluxDB, VictoriaMetrics, Telegraf and QuestDB take."""
