-- A journal written by schema version 1, as `sqlite3 .dump` gives it.
BEGIN TRANSACTION;
CREATE TABLE announcements (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'started', 'ending', 'finished')),
    segment INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    finished_at REAL,
    body TEXT,
    CHECK ((state = 'finished') = (outcome IS NOT NULL))
);
INSERT INTO "announcements" VALUES(1,'waiting','mqtt:voice/lab/desk/say','accepted',0,NULL,NULL,'{"id":"waiting","text":"请A12号到3号窗口","source":"mqtt:voice/lab/desk/say","received_at":1700000000.0,"expires_at":1700000300.0,"lang":"auto","voice":null,"priority":"IMPORTANT","key":null,"on_interrupt":"restart","chime":null,"repeat":1,"gap_s":1.0,"volume":1.0,"speed":1.0,"not_before":null,"reply_to":"kiosk/1/answers","correlation":"AP8="}');
INSERT INTO "announcements" VALUES(2,'speaking','mqtt:voice/lab/desk/say','started',2,NULL,NULL,'{"id":"speaking","text":"Train G7 departs at 8:30.","source":"mqtt:voice/lab/desk/say","received_at":1700000000.0,"expires_at":1700000300.0,"lang":"auto","voice":null,"priority":"NORMAL","key":"g7","on_interrupt":"resume","chime":null,"repeat":1,"gap_s":1.0,"volume":1.0,"speed":1.0,"not_before":null,"reply_to":null,"correlation":null}');
INSERT INTO "announcements" VALUES(3,'last-words','mqtt:voice/lab/desk/say','ending',0,NULL,NULL,'{"id":"last-words","text":"Thank you.","source":"mqtt:voice/lab/desk/say","received_at":1700000000.0,"expires_at":1700000300.0,"lang":"auto","voice":null,"priority":"NORMAL","key":null,"on_interrupt":"restart","chime":null,"repeat":1,"gap_s":1.0,"volume":1.0,"speed":1.0,"not_before":null,"reply_to":null,"correlation":null}');
INSERT INTO "announcements" VALUES(4,'over','mqtt:voice/lab/desk/say','finished',0,'played',1700000000.0,NULL);
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);
INSERT INTO "outbox" VALUES(1,'00000000000000000000000000000001','{"kind":"accepted","id":"waiting","at":1700000000.0,"source":"mqtt:voice/lab/desk/say","reply_to":null,"correlation":"AP8=","detail":{},"event_id":"00000000000000000000000000000001"}');
INSERT INTO "outbox" VALUES(2,'00000000000000000000000000000002','{"kind":"accepted","id":"speaking","at":1700000000.0,"source":"mqtt:voice/lab/desk/say","reply_to":null,"correlation":null,"detail":{},"event_id":"00000000000000000000000000000002"}');
INSERT INTO "outbox" VALUES(3,'00000000000000000000000000000003','{"kind":"accepted","id":"last-words","at":1700000000.0,"source":"mqtt:voice/lab/desk/say","reply_to":null,"correlation":null,"detail":{},"event_id":"00000000000000000000000000000003"}');
INSERT INTO "outbox" VALUES(5,'00000000000000000000000000000005','{"kind":"played","id":"over","at":1700000000.0,"source":"mqtt:voice/lab/desk/say","reply_to":null,"correlation":null,"detail":{"audio_s":2.5},"event_id":"00000000000000000000000000000005"}');
CREATE INDEX unfinished ON announcements (seq) WHERE state <> 'finished';
CREATE INDEX finished ON announcements (finished_at) WHERE state = 'finished';
COMMIT;
PRAGMA user_version = 1;
