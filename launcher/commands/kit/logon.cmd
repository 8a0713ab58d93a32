@echo off
rem Run once, at the first logon. Installs what is there of the guest's side and passes over what is
rem not. What it does is told in %SystemDrive%\vmlaunch.log.
setlocal
call :steps >>"%SystemDrive%\vmlaunch.log" 2>&1
exit /b 0

:steps
echo %DATE% %TIME% first logon
net accounts /maxpwage:unlimited

rem Drivers, QEMU's guest agent and SPICE's agent, of the CD with the drivers.
set drivers=
for %%d in (D E F G H I J K) do if exist %%d:\guest-agent\ set drivers=%%d:
if not defined drivers goto :mine
if exist %drivers%\virtio-win-guest-tools.exe (
	call :setup "%drivers%\virtio-win-guest-tools.exe" /install /quiet /norestart
) else (
	call :package "%drivers%\virtio-win-gt-x64.msi"
	call :package "%drivers%\guest-agent\qemu-ga-x86_64.msi"
)

rem Installers that lay beside the profile.
:mine
for %%f in ("%~dp0install\*.msi") do call :package "%%f"
for %%f in ("%~dp0install\virtio-win-guest-tools*.exe") do call :setup "%%f" /install /quiet /norestart
for %%f in ("%~dp0install\spice-guest-tools*.exe") do call :setup "%%f" /S
for %%f in ("%~dp0install\looking-glass-host*.exe") do call :setup "%%f" /S
echo %DATE% %TIME% done
exit /b 0

:package
if not exist %1 exit /b 0
echo %DATE% %TIME% %1
start /wait "" msiexec /i %1 /qn /norestart
echo exit status %ERRORLEVEL%
exit /b 0

:setup
if not exist %1 exit /b 0
echo %DATE% %TIME% %*
start /wait "" %*
echo exit status %ERRORLEVEL%
exit /b 0
