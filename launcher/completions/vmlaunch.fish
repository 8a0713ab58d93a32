# fish completion for vmlaunch: asks 'vmlaunch complete', which knows all words.

function __fish_vmlaunch
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    for line in (command $words[1] complete -- $words[2..] "$last" 2>/dev/null)
        switch $line
            case \tini
                __fish_complete_suffix "$last" .ini
            case \tfile
                __fish_complete_path "$last"
            case '*'
                echo $line
        end
    end
end

complete -c vmlaunch -f -a '(__fish_vmlaunch)'
