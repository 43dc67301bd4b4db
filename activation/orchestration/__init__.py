"""DAG factory and Airflow plugin: the only room that knows Airflow; nothing else imports it."""
