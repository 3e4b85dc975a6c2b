<#
.SYNOPSIS
Deploys Afterword to AWS from Windows. It runs deploy.sh in WSL or Git Bash, with the same flags.
.EXAMPLE
./deploy.ps1 -Guided -Stage test -Region eu-west-1
#>
[CmdletBinding()]
param(
    [switch] $Guided,
    [string] $Stage,
    [string] $Region,
    [string] $Profile,
    [switch] $X86,
    [switch] $NoBuild,
    [switch] $Check,
    [switch] $Rollback,
    [switch] $Uninstall,
    [switch] $Help
)
$ErrorActionPreference = 'Stop'

$arguments = @()
if ($Guided) { $arguments += '--guided' }
if ($Stage) { $arguments += '--stage', $Stage }
if ($Region) { $arguments += '--region', $Region }
if ($Profile) { $arguments += '--profile', $Profile }
if ($X86) { $arguments += '--x86' }
if ($NoBuild) { $arguments += '--no-build' }
if ($Check) { $arguments += '--check' }
if ($Rollback) { $arguments += '--rollback' }
if ($Uninstall) { $arguments += '--uninstall' }
if ($Help) { $arguments += '--help' }

Push-Location $PSScriptRoot
try {
    if ($IsLinux -or $IsMacOS) {
        & ./deploy.sh @arguments
    }
    elseif (Get-Command wsl.exe -ErrorAction SilentlyContinue) {
        # Passes the environment of deploy.sh to WSL (see env.example). No name has the suffix /p, because none is a path.
        $names = 'AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'TWILIO_FROM', 'TWILIO_WHATSAPP_FROM', 'TWILIO_OTP_FROM',
            'AFTERWORD_PUBLIC_URL', 'AFTERWORD_ALARM_EMAIL', 'AFTERWORD_SILENT_SOURCE', 'AFTERWORD_SILENT_BOOKING_SOURCE',
            'AFTERWORD_SILENT_AFTER_HOURS',
            'AFTERWORD_MONTHLY_SPEND_LIMIT', 'AFTERWORD_RETENTION_DAYS', 'AFTERWORD_LOG_RETENTION_DAYS',
            'AFTERWORD_RESERVED_CONCURRENCY', 'AFTERWORD_END_USER_MESSAGING', 'AFTERWORD_ORIGINATION_IDENTITY',
            'AFTERWORD_EVENTBRIDGE_EVENTS', 'AFTERWORD_SNS_DELIVERY_LOGS', 'AWS_SMS_CONFIGURATION_SET_NAME',
            'AWS_SMS_PHONE_POOL_ID', 'AWS_SMS_ORIGINATION_NUMBER', 'AWS_SMS_NUMBER_TYPE', 'AWS_SNS_SENDER_ID',
            'AWS_SNS_ORIGINATION_NUMBER', 'AWS_SMS_MAX_PRICE', 'AWS_SMS_INDIA_ENTITY_ID',
            'AWS_SMS_INDIA_TEMPLATE_ID'
        $env:WSLENV = ((@($env:WSLENV) + $names) | Where-Object { $_ }) -join ':'
        & wsl.exe bash ./deploy.sh @arguments
    }
    elseif (Get-Command bash.exe -ErrorAction SilentlyContinue) {
        & bash.exe ./deploy.sh @arguments
    }
    else {
        throw 'deploy.ps1 needs WSL (wsl --install) or Git for Windows, because deploy.sh runs in their bash.'
    }
    exit $LASTEXITCODE
}
finally {
    Pop-Location
}
