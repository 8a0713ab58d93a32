@echo off
rem Run by Windows' installer before it looks for a place to install to: gives the first disk that
rem has no partition those that Windows starts from by UEFI. A disk that has any is left as it is,
rem so that starting the installer a second time loses nothing.
setlocal

rem The disk's driver, of the CD with the drivers.
for %%d in (C D E F G H I J K) do (
	if exist %%d:\viostor\w11\amd64\viostor.inf drvload %%d:\viostor\w11\amd64\viostor.inf
	if exist %%d:\vioscsi\w11\amd64\vioscsi.inf drvload %%d:\vioscsi\w11\amd64\vioscsi.inf
)

for %%n in (0 1 2 3 4 5 6 7) do call :try %%n && goto :eof
echo.
echo There is no disk without partitions, and those that have some are left as they are.
echo To install anew, give the machine a new disk. A key turns it off.
pause >nul
wpeutil shutdown
goto :eof

rem diskpart tells by its exit status, whatever its language, whether a line of the script failed.
:try
echo select disk %1>"%TEMP%\disk.txt"
diskpart /s "%TEMP%\disk.txt" >nul || exit /b 1
for %%p in (1 2 3 4 5 6 7 8) do (
	(echo select disk %1& echo select partition %%p)>"%TEMP%\disk.txt"
	diskpart /s "%TEMP%\disk.txt" >nul && exit /b 1
)
(
	echo select disk %1
	echo convert gpt
	echo create partition efi size=260
	echo format quick fs=fat32 label=System
	echo create partition msr size=16
	echo create partition primary
	echo format quick fs=ntfs label=Windows
)>"%TEMP%\disk.txt"
diskpart /s "%TEMP%\disk.txt"
exit /b
