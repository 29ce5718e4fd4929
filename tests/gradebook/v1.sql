BEGIN TRANSACTION;
CREATE TABLE adjustments (
	id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	slug TEXT NOT NULL, 
	points DOUBLE, 
	why TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(student_id) REFERENCES students (id)
);
INSERT INTO "adjustments" VALUES(1,2,'relu',7.5,'shown in class','Eve','2026-03-01T12:00:00+00:00');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	who TEXT NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	student_key TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-03-01T12:00:00+00:00','Eve','adjusted','test:zoe','relu','.');
CREATE TABLE exercises (
	slug TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	chapter TEXT NOT NULL, 
	max_score DOUBLE NOT NULL, 
	weight DOUBLE NOT NULL, 
	due TEXT NOT NULL, 
	checks TEXT NOT NULL, 
	PRIMARY KEY (slug)
);
INSERT INTO "exercises" VALUES('matmul',0,'Matmul','01_first',10.0,1.0,'','[]');
INSERT INTO "exercises" VALUES('relu',1,'Relu','01_first',10.0,1.0,'','[]');
CREATE TABLE facts (
	name VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "facts" VALUES('seed','7');
INSERT INTO "facts" VALUES('title','A course');
INSERT INTO "facts" VALUES('policy','{"title":"A course","attempt":"last"}');
CREATE TABLE gradebook_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT gradebook_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "gradebook_version" VALUES('0001');
CREATE TABLE leftovers (
	id INTEGER NOT NULL, 
	identity VARCHAR(64) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	student_id INTEGER, 
	place TEXT NOT NULL, 
	why TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	import_id INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (identity), 
	FOREIGN KEY(student_id) REFERENCES students (id)
);
CREATE TABLE results (
	"key" VARCHAR(64) NOT NULL, 
	slug TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	digest TEXT NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	score DOUBLE NOT NULL, 
	max_score DOUBLE NOT NULL, 
	seed TEXT NOT NULL, 
	isolation TEXT NOT NULL, 
	host TEXT NOT NULL, 
	graded_at TEXT NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	cpu_s DOUBLE NOT NULL, 
	memory_mib DOUBLE NOT NULL, 
	run_id INTEGER, 
	retried_run_id INTEGER, 
	data BLOB NOT NULL, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(run_id) REFERENCES runs (id), 
	FOREIGN KEY(retried_run_id) REFERENCES runs (id)
);
INSERT INTO "results" VALUES('matmul-key','matmul','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','matmul-1','failed',6.0,10.0,'7','sandbox','here','2026-03-01T12:00:00+00:00',0.5,0.25,64.0,1,NULL,X'789CA590C16AC3300C865FA5F8BA363819CBA0EFB05B6F6318CD5652D3D83196CC3A42DF7D96CB76D86DCC18233EE1FFFFA54D65A4B2B03AEE36454B996BA10270288BDAEF147B5E50D0CB0FB267488C59A0EECDE433B16062E0424227F00BBAC6EC9AE5F7D8E9BDA85ECD37E9754354DE8327F26B6CFE93BF9BDDFDBBF4D944CE303C8D82E19F47DDAA9CF330C79550A2BE6E751AB41711B7E275F1D1B500BE068D16134BB4DA88105A32FA8094D0993983F31899DA92F02AFB539D18FC5DB20433ADD90484F84BED4D0213A2083CD7525CAB39B4FEA087F1A01F0FBA3FF5C351EB7A1FDAAB6E5F81309122');
INSERT INTO "results" VALUES('relu-key','relu','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','relu-1','passed',10.0,10.0,'7','sandbox','here','2026-03-01T12:00:00+00:00',0.5,0.25,64.0,1,NULL,X'789CA5D0510BC2201007F0AF327CAD8DD368C13E46F41631AEE936C1B5E1291463DF3DCF7AEA3511397FE0FD0F57E10D45174453AC825C1C5291C845B12F44B0C11986F317BA1197603C13C8B6B79E0233050C91581724323A5B377B7E2BA182749DF0D9FE10C5FB6489ECFCC8E1BDFD647178B5BC728F11D5B166C43F97D8523B6D7178CC6478D2EB8D854C1AB6294EA91C3C6AA35BE49F100A545DC2A1047991AA01487B974FB1BD01CE1F5D91');
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	command TEXT NOT NULL, 
	isolation TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	host TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT NOT NULL, 
	graded INTEGER NOT NULL, 
	ungraded INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'grade batch','sandbox','null','here','2026-03-01T12:00:00+00:00','2026-03-01T12:00:00+00:00',2,0);
CREATE TABLE sources (
	sha256 VARCHAR(64) NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (sha256)
);
INSERT INTO "sources" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',X'789CAB50B05530E4020005360131');
CREATE TABLE students (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sort_name TEXT NOT NULL, 
	ids TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE ("key")
);
INSERT INTO "students" VALUES(1,'test:ada','Ada','ada','{}');
INSERT INTO "students" VALUES(2,'test:zoe','Zoë','zoe','{"email":"zoe@example.org"}');
CREATE TABLE submissions (
	id INTEGER NOT NULL, 
	identity VARCHAR(64) NOT NULL, 
	student_id INTEGER NOT NULL, 
	slug TEXT NOT NULL, 
	import_id INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	submitted_at TEXT NOT NULL, 
	late BOOLEAN, 
	ref TEXT NOT NULL, 
	file TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	content VARCHAR(64) NOT NULL, 
	source_sha256 VARCHAR(64), 
	problem TEXT NOT NULL, 
	current_key VARCHAR(64), 
	PRIMARY KEY (id), 
	UNIQUE (identity), 
	FOREIGN KEY(student_id) REFERENCES students (id), 
	FOREIGN KEY(source_sha256) REFERENCES sources (sha256), 
	FOREIGN KEY(current_key) REFERENCES results ("key")
);
INSERT INTO "submissions" VALUES(1,'1',1,'matmul',1,1,'',NULL,'','matmul.py','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','','matmul-key');
INSERT INTO "submissions" VALUES(2,'2',1,'relu',1,1,'',NULL,'','relu.py','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','','relu-key');
INSERT INTO "submissions" VALUES(3,'3',2,'matmul',1,1,'',NULL,'','matmul.py','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','',NULL);
CREATE INDEX students_sorted ON students (sort_name, "key");
CREATE INDEX results_status ON results (status);
CREATE INDEX submissions_of_student ON submissions (student_id);
CREATE INDEX submissions_of_content ON submissions (content, slug);
CREATE INDEX submissions_of_result ON submissions (current_key);
CREATE INDEX submissions_of_sha256 ON submissions (sha256);
CREATE INDEX submissions_waiting ON submissions (id) WHERE current_key IS NULL;
CREATE INDEX leftovers_of_student ON leftovers (student_id);
CREATE INDEX adjustments_of_student ON adjustments (student_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is only ever added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is only ever added to'); END;
CREATE TRIGGER adjustments_no_update BEFORE UPDATE ON adjustments BEGIN SELECT RAISE(ABORT, 'adjustments is only ever added to'); END;
CREATE TRIGGER adjustments_no_delete BEFORE DELETE ON adjustments BEGIN SELECT RAISE(ABORT, 'adjustments is only ever added to'); END;
COMMIT;
