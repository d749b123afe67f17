# Perintah sehari-hari; `make help` menjelaskan semuanya. The work is done by `deploy/` (Python, standard library only).
RUN := PYTHON="$(PYTHON)" ./deploy/python -m deploy
export SOURCE FILE CONFIRM ARGS ONLY REPEAT

.DEFAULT_GOAL := help
.PHONY: help demo up down status backup restore clean test test-pure test-long bench lint generated screenshots audit lock

help: ## Tampilkan daftar ini / show this list
	@$(RUN) help

demo: ## Pasang semua, jalankan, tarik data contoh, lalu tur singkat; SOURCE=https://... ikut menarik portal Anda / the whole demo
	@$(RUN) demo

up: ## Pasang yang kurang dan jalankan semua layanan / bring every service up
	@$(RUN) up

down: ## Hentikan semua layanan; data tetap tersimpan / stop every service, keep the data
	@$(RUN) down

status: ## Keadaan tiap layanan / the state of each service
	@$(RUN) status

backup: ## Simpan basis data, berkas, dan kunci ke satu arsip / one archive of database, files and keys
	@$(RUN) backup

restore: ## Pulihkan dari arsip: make restore FILE=... CONFIRM=yes / from an archive
	@$(RUN) restore

clean: ## Hapus seluruh data pemasangan ini: make clean CONFIRM=yes / delete all data of this installation
	@$(RUN) clean

test: ## Semua uji kecuali yang lama, dengan layanan sungguhan / all tests but the long ones, on real services
	@$(RUN) test

test-pure: ## Uji tanpa layanan (beberapa detik) / tests that need no service
	@$(RUN) test-pure

test-long: ## Uji yang perlu beberapa menit; REPEAT=3 mengulang yang memakai undian / tests of minutes; REPEAT repeats what is drawn by a seed
	@$(RUN) test-long

bench: ## Ukur kecepatan dan ketepatan; ONLY=nama,... memilih / measure speed and accuracy
	@$(RUN) bench

lint: ## Gaya, format, dan tipe / style, format and types
	@$(RUN) lint

generated: ## Tulis ulang berkas yang diturunkan dari kontrak / write again what is derived from the contract
	@$(RUN) generated

screenshots: ## Gambar halaman demo ke docs/images / pictures of the demo's pages
	@$(RUN) screenshots

audit: ## Periksa paket Python terhadap daftar kerentanan / check the packages against known vulnerabilities
	@$(RUN) audit

lock: ## Perbarui versi paket yang dipaku (sekurangnya berumur 7 hari) / renew the pinned packages
	@$(RUN) lock
