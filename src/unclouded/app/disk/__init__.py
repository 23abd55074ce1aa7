"""The disk that holds the data folder: how full it is, how fast it fills, and when it will be full.

disk_watch.py   what is remembered, the forecast and the alert, from figures and times; pure
service.py      looks at the disk once a minute, for a running hub
"""
