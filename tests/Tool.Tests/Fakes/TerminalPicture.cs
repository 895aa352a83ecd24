using System.Globalization;
using System.Text.RegularExpressions;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>What a terminal would show: as much of ECMA-48 as a full-screen program needs. Unknown sequences are passed over.</summary>
internal sealed partial class TerminalPicture
{
    private readonly int _columns;
    private readonly int _rows;
    private char[][] _cells;
    private char[][]? _aside;
    private (int Row, int Column) _asideAt;
    private int _row;
    private int _column;
    private string _unfinished = "";

    public TerminalPicture(int columns, int rows)
    {
        (_columns, _rows) = (columns, rows);
        _cells = Blank();
    }

    public bool IsAlternate => _aside is not null;

    public bool HasCursor { get; private set; } = true;

    public bool Wraps { get; private set; } = true;

    /// <summary>Whether arrow keys send what full-screen programs ask for.</summary>
    public bool HasApplicationKeys { get; private set; }

    public bool HasColor { get; private set; }

    public void Write(string text)
    {
        text = _unfinished + text;
        int at = 0;
        while (at < text.Length)
        {
            Match sequence = Sequence().Match(text, at);
            if (sequence.Success && sequence.Index == at)
            {
                Obey(sequence.Groups[1].Value, sequence.Groups[2].Value);
                at += sequence.Length;
            }
            else if (text[at] == '\e' && text.Length - at < 16)
            {
                break;      // the rest of it comes with the next piece
            }
            else
            {
                Put(text[at++]);
            }
        }

        _unfinished = text[at..];
    }

    public override string ToString() => ToString(trimmed: true);

    public string ToString(bool trimmed) => string.Join('\n', _cells.Select(row => trimmed ? new string(row).TrimEnd() : new string(row)));

    private char[][] Blank() => [.. Enumerable.Range(0, _rows).Select(_ => Enumerable.Repeat(' ', _columns).ToArray())];

    private void Put(char what)
    {
        switch (what)
        {
            case '\r':
                _column = 0;
                return;
            case '\n':
                _row = Math.Min(_row + 1, _rows - 1);
                return;
            case < ' ':
                return;
        }

        if (_column == _columns)
            (_row, _column) = (Math.Min(_row + 1, _rows - 1), 0);
        _cells[_row][_column] = what;
        _column = Math.Min(_column + 1, Wraps ? _columns : _columns - 1);
    }

    private void Obey(string parameters, string what)
    {
        switch (what, parameters)
        {
            case ("H", _):
                int[] at = [.. parameters.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(one => int.Parse(one, CultureInfo.InvariantCulture))];
                (_row, _column) = (Math.Min(at.ElementAtOrDefault(0) is var row and > 0 ? row - 1 : 0, _rows - 1), at.ElementAtOrDefault(1) is var column and > 0 ? column - 1 : 0);
                break;
            case ("J", "2"):
                _cells = Blank();
                break;
            case ("m", _):
                HasColor |= parameters.Split(';').Any(one => one.Length == 2 && one[0] is '3' or '4' or '9');
                break;
            case ("h" or "l", "?25"):
                HasCursor = what == "h";
                break;
            case ("h" or "l", "?1"):
                HasApplicationKeys = what == "h";
                break;
            case ("h" or "l", "?7"):
                Wraps = what == "h";
                break;
            case ("h", "?1049"):
                _aside ??= _cells;
                _asideAt = (_row, _column);
                _cells = Blank();
                break;
            case ("l", "?1049"):
                _cells = _aside ?? _cells;
                (_row, _column) = _aside is null ? (_row, _column) : _asideAt;
                _aside = null;
                break;
        }
    }

    [GeneratedRegex(@"\e(?:\[([?0-9;]*)([A-Za-z])|[=>()][A-Z0-9]?)")]
    private static partial Regex Sequence();
}
