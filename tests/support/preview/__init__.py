"""Dashboards drawn without a Grafana: layout, panels and real data, as good as is needed to see what is ugly, empty or wrong."""
